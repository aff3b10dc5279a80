"""The links of a page: where a redirect leads, or each `href` of an `<a>`. And the rules of a site."""

from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin
from urllib.robotparser import RobotFileParser

import aiohttp

AGENT = "web_scraper/python (a lesson's crawler)"
POLITE = {"timeout": aiohttp.ClientTimeout(10), "headers": {"User-Agent": AGENT}}


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "a" and (href := dict(attributes).get("href")) is not None:
            self.found.append(href)


def of(url, response, body):
    """Each as a whole URL, without the part after `#`."""
    parser = Links()
    if response.content_type == "text/html":
        parser.feed(body.decode(errors="replace"))
    found = response.headers.getall("Location", []) + parser.found
    return [urldefrag(urljoin(url, link)).url for link in found]


async def rules(session, start):
    """What the site's `robots.txt` allows: everything, if there is none (4xx; RFC 9309, 2.3.1.3)."""
    rules, lines = RobotFileParser(), []
    async with session.get(urljoin(start, "/robots.txt")) as response:
        if not 400 <= response.status < 500:
            response.raise_for_status()
            lines = (await response.text()).splitlines()
        rules.parse(lines)
    return rules
