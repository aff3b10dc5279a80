"""The clients of the chat: those that read, and those that do not read until all is said."""

import asyncio
import socket

import common

OPTIONS = {"clients": 100, "asleep": common.FromZero(1), "messages": 300, "workers": 10}
FAREWELL = b""  # ends a queue, and nobody is told
SMALL = 8 * 1024  # bytes that the system keeps for who does not read; the default is megabytes


def listener():
    """A socket on a free port; what it accepts has its small buffer."""
    server = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    return server


class Crowd:
    def __init__(self, readers, sleepers):
        self.readers, self.sleepers = readers, sleepers
        self.writers, self.reading, self.asleep = [], [], []
        self.waiting = {}  # for each message: how many do not have it yet, and who waits for that
        self.delivered = self.missed = 0

    async def come(self, address):
        for number in range(self.readers + self.sleepers):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, address)
            reader, writer = await asyncio.open_connection(sock=client, limit=SMALL)
            writer.write(f"client-{number + 1}\n".encode())
            await reader.readline()  # it is in
            self.writers.append(writer)
            if number < self.readers:
                self.reading.append(asyncio.create_task(self.read(reader)))
            else:
                self.asleep.append(reader)

    async def have(self, number):
        """Sends a message, and waits until all that read have it."""
        self.waiting[number] = have_it = [self.readers, asyncio.Event()]
        self.writers[number % self.readers].write(f"{number} {'*' * 300}\n".encode())
        await have_it[1].wait()
        return self.readers

    async def read(self, reader):
        while line := await reader.readline():
            if line.startswith(b"* You missed"):
                self.missed += int(line.split()[3])
            elif not line.startswith(b"*"):
                self.delivered += 1
                have_it = self.waiting[int(line.split()[1])]
                have_it[0] -= 1
                if have_it[0] == 0:
                    have_it[1].set()

    async def leave(self, room):
        """All is said, and those that slept read; returns what was delivered and missed."""
        self.reading += [asyncio.create_task(self.read(reader)) for reader in self.asleep]
        for messages in list(room):
            await messages.put(FAREWELL)
        await asyncio.gather(*self.reading)
        return self.delivered, self.missed
