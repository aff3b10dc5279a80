"""A chat for many: a task for each connection, and a bounded queue of messages for it.

Run:   python3 crates/further/chat_server/chat_server.py --clients 200
Watch: the last lines: who does not read misses messages, and slows nobody down (--asleep 5).
"""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
from crowd import FAREWELL, OPTIONS, Crowd, listener

MESSAGE = common.Kind("message", "delivered", "messages")


def main():
    with common.Run("async", (), MESSAGE, **OPTIONS) as run:
        run.wanted[MESSAGE], run.workers = run.options.messages, min(32, run.options.workers)
        asyncio.run(chat(run, run.options.clients, run.options.asleep))
    return run.finish()


# ANCHOR: tasks
async def converse(room, reader, writer):
    name, messages = (await reader.readline()).strip(), asyncio.Queue(maxsize=64)
    room[messages] = 0
    messages.put_nowait(b"* You are " + name + b".\n")
    teller = asyncio.create_task(tell(writer, messages, room))
    with suppress(ConnectionError, asyncio.CancelledError):  # it is gone, or the program ends
        while line := await reader.readline():
            publish(name + b": " + line, room)
    del room[messages]
    teller.cancel()
    writer.close()


def publish(message, room):
    for messages in room:
        if messages.full():
            room[messages] += 1  # its client is behind, and misses this one
        else:
            messages.put_nowait(message)


async def tell(writer, messages, room):
    writer.transport.set_write_buffer_limits(0)  # `drain` waits until the system has taken all
    while (message := await messages.get()) != FAREWELL:
        missed, room[messages] = room[messages], 0
        writer.write(b"* You missed %d messages.\n" % missed * bool(missed) + message)
        await writer.drain()  # while its client does not read, this task waits, and nobody else
    writer.close()
# ANCHOR_END: tasks


async def chat(run, readers, sleepers):
    async def deliver(number):
        async with on_their_way:
            with run.begin(f"message {number}", MESSAGE) as message:
                await message.end_after(crowd.have(number))
                message.end(readers, f"message {number}: {readers} clients had it")

    room, crowd, on_their_way = {}, Crowd(readers, sleepers), asyncio.Semaphore(run.workers)
    server = await asyncio.start_server(lambda *them: converse(room, *them), sock=listener())
    await crowd.come(server.sockets[0].getsockname())
    await asyncio.gather(*(deliver(number + 1) for number in range(run.options.messages)))
    run.note("Delivered: {}. Missed: {}.".format(*await crowd.leave(room)))
    server.close()


if __name__ == "__main__":
    sys.exit(main())
