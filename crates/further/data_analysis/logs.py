"""The log: how it is made, cut where lines end, parsed, and summed up."""

import csv
import random
from collections import Counter

PATHS = {"/": 5, "/search": 90, "/products": 30, "/cart": 18, "/checkout": 160}


def make_log(log, size):
    chance, written = random.Random(16), 0
    with log.open("w", newline="") as file:
        while written < size:
            if chance.random() < 1 / 20_000:
                written += file.write("-- the log was rotated --\n")
            path = chance.choice(list(PATHS))
            status = 503 if chance.random() < 0.01 else 200
            took = PATHS[path] * chance.expovariate(1)
            hour, second = divmod(6 * 3600 * written // size, 3600)
            time = f"2026-03-02T{hour + 6:02}:{second // 60:02}:{second % 60:02}Z"
            written += file.write(f"{time},{path},{status},{chance.randrange(20_000)},{took:.0f}\n")


def cut(log, size):
    """Where a chunk ends, a line ends."""
    with log.open("rb") as file:
        start = 0
        while start < log.stat().st_size:
            file.seek(start + size - 1)
            file.readline()
            end = min(file.tell(), log.stat().st_size)
            yield start, end
            start = end


def parse(log, chunk):
    return csv.reader(lines(log, chunk), quoting=csv.QUOTE_NONE)


def lines(log, chunk):
    """A generator: it has one line at a time."""
    start, end = chunk
    with log.open("rb") as file:
        file.seek(start)
        while file.tell() < end:
            yield file.readline().decode()


# ANCHOR: sum_up
def sum_up(rows):
    answer = Counter()  # two of them are merged by `update`
    for row in rows:
        try:
            time, path, status, size, took = row
            status, size, took = int(status), int(size), int(took)
        except ValueError as error:
            answer["bad lines", str(error).split(":")[0]] += 1  # not the text that is no number
            continue
        answer["requests", path] += 1
        answer["bytes", path] += size
        answer["times", path, took] += 1
        answer["errors", time[:13]] += status >= 500
    return answer
# ANCHOR_END: sum_up


def bad_lines(answer):
    return [(key[1], many) for key, many in answer.items() if key[0] == "bad lines"]


def within(answer, path, part):
    times = sorted((key[2], many) for key, many in answer.items() if key[:2] == ("times", path))
    so_far, rank = 0, -(-answer["requests", path] * part // 100)
    for took, many in times:
        so_far += many
        if so_far >= rank:
            return took
