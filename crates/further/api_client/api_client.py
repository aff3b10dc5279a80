"""A deadline for ten services at once, retries that wait, and an answer that says what is missing.

Run:   python3 crates/further/api_client/api_client.py --site http://127.0.0.1:8000
Watch: reviews is cancelled at the deadline, and then the answer is there: partial, in time.
"""

import asyncio
import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
import aiohttp

SERVICE = common.Kind("service", "asked", "services")
SERVICES = "reviews price stock tax shipping points pictures rates coupons order".split()


def main():
    with common.Run("async", (), SERVICE, site=None, deadline=1, retries=common.FromZero(3)) as run:
        run.wanted[SERVICE] = len(SERVICES)
        asyncio.run(ask_all(run, run.options.site.rstrip("/"), random.getrandbits(64)))
    return run.finish()


# ANCHOR: ask_all
async def ask_all(run, site, run_id):
    async def ask_in_time(service):
        try:
            async with asyncio.timeout_at(deadline):  # at the deadline it cancels what is inside
                answers[service] = await retry(client, urls[service], run.options.retries)
        except TimeoutError:
            missing[service] = f"not answered within {run.options.deadline} s"
        except (aiohttp.ClientError, ValueError, KeyError) as error:
            missing[service] = getattr(error, "message", str(error))

    async def begin(service):
        with run.begin(service, SERVICE) as asked:
            await asked.end_after(ask_in_time(service))
            asked.end(int(service in answers), f"{service}: {answers.get(service, 'no answer')}")

    urls = {service: f"{site}/services/{service}?run={run_id}" for service in SERVICES}
    answers, missing = {}, {}
    deadline = asyncio.get_running_loop().time() + run.options.deadline
    async with aiohttp.ClientSession(raise_for_status=True) as client, asyncio.TaskGroup() as tasks:
        for service in SERVICES:
            tasks.create_task(begin(service))
    run.note(f"{len(answers)} of {len(SERVICES)} answers")
    for service, why in missing.items():
        run.note(f"  no answer from {service}: {why}")
# ANCHOR_END: ask_all


async def retry(session, url, retries):
    for n in range(retries):
        try:
            return await ask(session, url)
        except (aiohttp.ClientConnectionError, aiohttp.ClientResponseError) as error:
            if "/order" in url or getattr(error, "status", 503) not in (429, *range(500, 600)):
                raise
        await asyncio.sleep(0.1 * 2**n * random.uniform(0.5, 1.5))
    return await ask(session, url)


async def ask(session, url):
    async with session.request("POST" if "/order" in url else "GET", url) as response:
        return (await response.json())["answer"]


if __name__ == "__main__":
    sys.exit(main())
