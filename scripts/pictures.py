"""`make pictures`: plays a small scene in the running product and takes the README's pictures of it.

A customer asks two questions, the second of which the FAQ cannot answer; an agent takes over and promises something;
an editor writes its answer and looks after the FAQ, where everybody finds it; an admin looks at the settings.
Needs Chromium (Debian's package `chromium`, or CHROMIUM=/path/to/it).
"""

import os
import re
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.product import NotStarted, Product
from handoff.settings import ROOT

PICTURES = ROOT / "docs" / "pictures"
KNOWN = "Hoe lang is mijn cadeaukaart geldig?"
UNKNOWN = "ik heb de helft van de pincode van mijn cadeaukaart weggekrast"
OTHERS = ("de pin van mijn kadokaart is onleesbaar door het krassen", "cijfers pincode giftcard weg na krassen")
TITLE = "De pincode van mijn cadeaukaart is weggekrast. Wat nu?"
ANSWER = "Stuur ons een foto van de achterkant. Dan maken we binnen een dag een nieuwe code voor je."
REPLY = "Wat vervelend! Stuur me het kaartnummer van de voorkant, dan maak ik een nieuwe pincode voor je."
SIZE = {"width": 1280, "height": 800}
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Chromium's program, or an end with a plain sentence."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise SystemExit("Chromium was not found. Debian: apt install chromium. Or name it: CHROMIUM=/path/to/it")
    return found


def say(page: Page, text: str) -> None:
    """Type a message into the widget and send it."""
    field = page.locator("rechtdoor-chat textarea")
    field.fill(text)
    field.press("Enter")


def sees(page: Page, pattern: str) -> None:
    """Wait until the widget shows something like this."""
    words = page.locator("rechtdoor-chat").get_by_text(re.compile(pattern, re.IGNORECASE))
    expect(words.first).to_be_visible(timeout=15_000)


def take(page: Page, name: str) -> None:
    """Take a picture once everything stands still."""
    page.wait_for_timeout(800)
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"  {(PICTURES / name).relative_to(ROOT)}.png")


def new_page(browser: Browser, **more: object) -> Page:
    """A page of somebody who was never here."""
    usual: dict[str, Any] = {"viewport": SIZE, "locale": "nl-NL", "reduced_motion": "reduce"}
    return browser.new_context(**usual | more).new_page()


def signed_in(browser: Browser, product: Product, role: str) -> Page:
    """A page of somebody who signed in."""
    page = new_page(browser)
    email, password = product.logins()[role]
    answer = page.context.request.post(
        f"{product.address}/api/v1/login",
        data={"email": email, "password": password},
        headers={"Origin": product.address},
    )
    if not answer.ok:
        raise SystemExit(f"Signing in as {role} failed: {answer.status} {answer.text()}")
    return page


def shop(browser: Browser, product: Product) -> None:
    """The demo shop: a question that the FAQ answers."""
    page = new_page(browser)
    page.goto(product.address)
    page.locator("rechtdoor-chat").get_by_role("button").first.click()
    say(page, KNOWN)
    sees(page, "vijf jaar")
    take(page, "shop")


def chat(browser: Browser, product: Product) -> Page:
    """The chat page: a question that nobody wrote an answer for goes to a person at once."""
    for text in OTHERS:
        other = new_page(browser)
        other.goto(f"{product.address}/chat")
        say(other, text)
        other.wait_for_timeout(2500)
        other.context.close()
    page = new_page(browser)
    page.goto(f"{product.address}/chat")
    say(page, KNOWN)
    sees(page, "vijf jaar")
    say(page, UNKNOWN)
    none_of_these = page.locator("rechtdoor-chat").get_by_role("button", name="Geen van deze")
    waiting = page.locator("rechtdoor-chat").get_by_text(re.compile("medewerker|collega|beurt|wachtrij", re.IGNORECASE))
    expect(none_of_these.or_(waiting).first).to_be_visible(timeout=15_000)
    if none_of_these.is_visible():  # should the bot ask once what she means
        none_of_these.click()
    expect(waiting.first).to_be_visible(timeout=15_000)
    return page


def rating(browser: Browser, product: Product) -> None:
    """A phone in the dark, where a conversation has ended and she is asked how it was."""
    page = new_page(browser, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(f"{product.address}/chat")
    say(page, KNOWN)
    sees(page, "vijf jaar")
    chat = page.locator("rechtdoor-chat")
    chat.get_by_role("button", name="Gesprek beëindigen").click()
    chat.get_by_role("button", name="Ja, beëindigen").click()
    sees(page, "aanraden")
    take(page, "rating")


def desk(browser: Browser, product: Product, customer: Page) -> None:
    """The desk: the agent takes the conversation and replies; the customer sees it."""
    page = signed_in(browser, product, "agent")
    origin = {"Origin": product.address}
    request = page.context.request
    waiting = request.get(f"{product.address}/api/v1/desk/queue").json()["waiting"]
    mine = next(one["id"] for one in waiting if "weggekrast" in one["question"])
    base = f"{product.address}/api/v1/desk/conversations/{mine}"
    request.post(f"{base}/claim", headers=origin)
    request.post(f"{base}/messages", data={"client_id": "picture", "text": REPLY}, headers=origin)
    due = (datetime.now(UTC) + timedelta(days=1)).replace(hour=11, minute=0, second=0, microsecond=0)
    promise = {"client_id": "picture", "due_at": due.isoformat(), "note": "nieuwe pincode laten maken"}
    request.post(f"{base}/promises", data=promise, headers=origin)
    sees(customer, re.escape(REPLY[:30]))
    take(customer, "chat")
    page.goto(f"{product.address}/desk/{mine}")
    page.wait_for_load_state("networkidle")
    take(page, "desk")


def review(browser: Browser, product: Product) -> None:
    """The backlog, a group whose answer is being written, what an approval does, and the FAQ's care."""
    page = signed_in(browser, product, "editor")
    page.goto(f"{product.address}/review?language=nl")
    take(page, "backlog")
    groups = page.context.request.get(f"{product.address}/api/v1/review/groups").json()["groups"]
    page.goto(f"{product.address}/review/groups/{groups[0]['id']}")
    page.get_by_label("Vraag", exact=True).fill(TITLE)
    page.get_by_label("Antwoord", exact=True).fill(ANSWER)
    expect(page.get_by_text(re.compile("eerdere vragen? nagekeken"))).to_be_visible(timeout=60_000)
    take(page, "review")
    page.get_by_role("button", name="Goedkeuren").click()
    expect(page.get_by_text(re.compile(r"van \d+ beantwoord"))).to_be_visible(timeout=15_000)
    take(page, "proof")
    for name in ("care", "import"):
        page.goto(f"{product.address}/review/{name}")
        take(page, name)


def faq(browser: Browser, product: Product) -> None:
    """The FAQ as everybody reads it, with the answer that was approved."""
    page = new_page(browser)
    page.goto(f"{product.address}/faq/nl")
    page.get_by_role("searchbox").first.press_sequentially("pincode weggekrast", delay=40)
    expect(page.get_by_text(TITLE).first).to_be_visible(timeout=15_000)
    take(page, "faq")


def settings(browser: Browser, product: Product) -> None:
    """What an admin sets: the opening hours, who works here, and what the shop's own server is told."""
    page = signed_in(browser, product, "admin")
    for name in ("hours", "people", "webhooks"):
        page.goto(f"{product.address}/settings/{name}")
        page.wait_for_load_state("networkidle")
        take(page, name)


def main() -> int:
    """Start, play, take the pictures, stop."""
    program, root = chromium(), os.geteuid() == 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    print("Starting the product …")
    with tempfile.TemporaryDirectory(prefix="rechtdoor-pictures-") as folder:
        try:
            with Product(Path(folder)) as product, sync_playwright() as playwright:
                flags = [*FLAGS, *(["--no-sandbox"] if root else [])]
                browser = playwright.chromium.launch(executable_path=program, args=flags)
                shop(browser, product)
                rating(browser, product)
                desk(browser, product, chat(browser, product))
                review(browser, product)
                faq(browser, product)
                settings(browser, product)
                browser.close()
        except NotStarted as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
