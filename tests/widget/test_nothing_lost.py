"""Nothing lost, nothing twice: whatever the network, the server or a second tab does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .hand import Hand
from .standin import StandIn

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
WAITING = "Wacht op verbinding"


@pytest.fixture
def hand(visit: Visit) -> Hand:
    return Hand(visit()).open()


def test_messages_typed_while_the_server_is_down_go_once_and_in_order(hand: Hand, server: StandIn) -> None:
    hand.type("een")
    hand.sees("Je zei: een")
    server.stop()
    for word in ("twee", "drie", "vier"):
        hand.type(word)
        hand.sees(word)
    hand.sees(WAITING, times=3)
    hand.told("Geen verbinding.")
    server.start()
    hand.sees("Je zei: vier")
    hand.sees_not(WAITING)
    assert server.said() == ["een", "twee", "drie", "vier"]
    expect(hand.page.get_by_role("status").filter(has_text="Geen verbinding.")).to_have_count(0)


def test_the_first_message_of_all_can_be_typed_offline(hand: Hand, server: StandIn, context: BrowserContext) -> None:
    context.set_offline(True)
    hand.type("eerste")
    hand.sees(WAITING)
    hand.type("tweede")
    context.set_offline(False)
    hand.sees("Je zei: tweede")
    assert server.said() == ["eerste", "tweede"]
    assert len(server.keys) == 1


def test_what_waits_outlives_the_page(hand: Hand, server: StandIn, visit: Visit) -> None:
    hand.type("een")
    hand.sees("Je zei: een")
    server.stop()
    hand.type("nog onderweg")
    hand.sees(WAITING)
    hand.page.close()
    server.start()
    Hand(visit()).open().sees("Je zei: nog onderweg")
    assert server.said() == ["een", "nog onderweg"]


def test_what_is_half_typed_outlives_the_page(hand: Hand) -> None:
    hand.box.press_sequentially("half ge")
    hand.page.get_by_role("link", name="Elders").click()
    hand.page.wait_for_url("**/elders")
    expect(hand.box).to_have_value("half ge")


def test_a_lost_answer_makes_no_second_message(hand: Hand, server: StandIn) -> None:
    server.faults.answers = ["lost", "lost"]
    hand.type("een keer")
    hand.sees("Je zei: een keer")
    hand.sees("een keer")
    hand.type("en door")
    hand.sees("Je zei: en door")
    assert server.said() == ["een keer", "en door"]


def test_a_lost_answer_makes_no_second_conversation(hand: Hand, server: StandIn) -> None:
    server.faults.answers = ["lost conversation"]
    hand.type("hallo")
    hand.sees("Je zei: hallo")
    assert len(server.talks) == 1


def test_pressing_twice_sends_once(hand: Hand, server: StandIn) -> None:
    server.faults.late = 0.2
    hand.box.fill("dubbel")
    hand.button("Versturen").dblclick()
    hand.box.press("Enter")
    hand.sees("Je zei: dubbel")
    assert server.said() == ["dubbel"]


@pytest.mark.parametrize(("lost", "doubled"), [(0.2, 0.0), (0.0, 0.5), (1.0, 0.0), (0.3, 0.3)])
def test_lost_and_doubled_frames_cost_nothing(hand: Hand, server: StandIn, lost: float, doubled: float) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.faults.lost_frames, server.faults.doubled_frames = lost, doubled
    server.claim()
    for n in range(30):
        server.say("agent", f"van Lisa {n}")
        if n % 3 == 0:
            hand.type(f"van mij {n}")
    hand.sees("van Lisa 29")
    hand.sees("van mij 27")

    def shown() -> list[str]:
        return [t for t in hand.log.inner_text().splitlines() if t.startswith("van ")]

    def stored() -> list[str]:
        return [m["text"] for m in server.talk.messages if m["text"].startswith("van ")]

    hand.until(lambda: len(stored()) == 40)  # what the customer wrote is shown before it is stored
    hand.until(lambda: shown() == stored())
    assert len(shown()) == 40


@pytest.mark.alone
@pytest.mark.timeout(900)  # no bar on time is held here, only that all of them come
def test_many_messages_each_way_through_a_bad_line(hand: Hand, server: StandIn) -> None:
    server.faults.lost_frames = 0.2
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    ask = "n => { for (let i = n; i < n + 50; i++) document.querySelector('rechtdoor-chat').ask('van mij ' + i); }"
    for part in range(0, 250, 50):
        server.faults.answers = [503, "lost"]
        hand.page.evaluate(ask, part)
        for n in range(part, part + 50):
            server.say("agent", f"van Lisa {n}")
    hand.until(lambda: len(server.talk.messages) >= 503, 300)
    hand.sees("van Lisa 249")
    assert server.said() == ["medewerker", *(f"van mij {n}" for n in range(250))]
    stored = [m["text"] for m in server.talk.messages if m["text"].startswith("van ")]
    hand.until(lambda: len(hand.log.get_by_text("van ").all()) == 500, 120)
    assert [t for t in hand.log.inner_text().splitlines() if t.startswith("van ")] == stored


def test_without_sockets_the_talk_goes_on(server: StandIn, visit: Visit) -> None:
    server.faults.no_sockets = True
    hand = Hand(visit()).open()
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    server.say("agent", "zonder lijn")
    hand.sees("zonder lijn")


def test_a_socket_that_fell_silent_is_noticed_and_replaced(hand: Hand, server: StandIn) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.faults.silent = True
    old = set(server.talk.sockets)
    server.claim()
    server.say("agent", "ben je er nog?")
    hand.sees("ben je er nog?")
    hand.until(lambda: bool(server.talk.sockets) and not old & server.talk.sockets)
    server.faults.silent = False
    server.say("agent", "weer live")
    hand.sees("weer live")


def test_a_reload_keeps_the_talk_and_the_panel(hand: Hand) -> None:
    hand.type("onthoud dit")
    hand.sees("Je zei: onthoud dit")
    hand.page.reload()
    hand.sees("Je zei: onthoud dit")
    hand.sees("onthoud dit")


def test_two_tabs_show_the_same(hand: Hand, server: StandIn, visit: Visit) -> None:
    other = Hand(visit()).open()
    hand.type("uit tab een")
    other.sees("Je zei: uit tab een")
    other.type("uit tab twee")
    hand.sees("Je zei: uit tab twee")
    for tab in (hand, other):
        tab.sees("uit tab een")
        tab.sees("uit tab twee")
    assert server.said() == ["uit tab een", "uit tab twee"]
    assert len(server.talks) == 1


def test_two_tabs_that_begin_at_once_share_one_conversation(hand: Hand, server: StandIn, visit: Visit) -> None:
    other = Hand(visit()).open()
    server.faults.late = 0.3
    hand.type("ik eerst")
    other.type("nee ik")
    hand.sees("Je zei: nee ik")
    other.sees("Je zei: ik eerst")
    assert len(server.talks) == 1
    assert server.said() == ["ik eerst", "nee ik"]


def test_two_tabs_offline_send_everything_once(
    hand: Hand, server: StandIn, visit: Visit, context: BrowserContext
) -> None:
    other = Hand(visit()).open()
    server.stop()
    for n in range(3):
        hand.type(f"een {n}")
        other.type(f"twee {n}")
    server.start()
    for tab in (hand, other):
        tab.sees("Je zei: een 2")
        tab.sees("Je zei: twee 2")
        tab.sees("twee 0")
    assert sorted(server.said()) == sorted(f"{tab} {n}" for tab in ("een", "twee") for n in range(3))
    assert [t for t in server.said() if "een" in t] == ["een 0", "een 1", "een 2"]


def test_read_in_one_tab_is_read_in_the_other(hand: Hand, server: StandIn, visit: Visit) -> None:
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    hand.button("Chat sluiten").click()
    other = Hand(visit())
    expect(other.launcher).to_be_visible()
    server.say("agent", "psst")
    expect(other.button("Stel je vraag (1 nieuw bericht)")).to_be_visible()
    hand.page.bring_to_front()
    hand.open().sees("psst")
    expect(other.button("Stel je vraag")).to_be_visible()


def test_a_deleted_conversation_begins_anew_with_what_was_typed(hand: Hand, server: StandIn) -> None:
    hand.type("oud")
    hand.sees("Je zei: oud")
    # What is typed meets it first, not the heartbeat: what comes after the notice takes the notice away.
    hand.page.evaluate("Object.assign(customElements.get('rechtdoor-chat').Talk.pace, {beat: 60000, fast: 60000})")
    hand.page.wait_for_timeout(1000)
    server.do(server.talks.clear)
    hand.type("nieuw")
    hand.sees("Je zei: nieuw")
    hand.told("Je vorige gesprek bestaat niet meer.")
    hand.sees_not("oud")
    assert server.said() == ["nieuw"]


def test_a_deleted_conversation_is_noticed_on_coming_back(hand: Hand, server: StandIn) -> None:
    hand.type("oud")
    hand.sees("Je zei: oud")
    server.do(server.talks.clear)
    hand.page.reload()
    expect(hand.log).to_contain_text("Stel je vraag gewoon")
    hand.type("nieuw")
    hand.sees("Je zei: nieuw")
    assert server.said() == ["nieuw"]


def test_a_refused_message_says_why_and_can_be_sent_again(hand: Hand, server: StandIn) -> None:
    server.faults.answers = [422]
    hand.type("geweigerd")
    why = "Niet verstuurd. Hier klopt iets niet. Kijk het na en probeer het opnieuw."
    expect(hand.log.get_by_text(why)).to_be_visible()
    hand.type("dit gaat wel")
    hand.sees("Je zei: dit gaat wel")
    hand.button("Opnieuw").click()
    hand.sees("Je zei: geweigerd")
    assert server.said() == ["dit gaat wel", "geweigerd"]


def test_a_refused_message_can_be_taken_away(hand: Hand, server: StandIn) -> None:
    server.faults.answers = [409]
    hand.type("geweigerd")
    hand.button("Verwijderen").click()
    hand.sees_not("geweigerd")
    expect(hand.box).to_be_focused()
    hand.page.reload()
    expect(hand.log).to_contain_text("Stel je vraag gewoon")
    hand.sees_not("geweigerd")
    assert not server.talks or server.said() == []


def test_a_server_that_fails_once_is_asked_again(hand: Hand, server: StandIn) -> None:
    server.faults.answers = [500, 503, 429]
    hand.type("hou vol")
    hand.sees("Je zei: hou vol")
    assert server.said() == ["hou vol"]


def test_a_server_that_keeps_failing_does_not_hold_up_the_rest(hand: Hand, server: StandIn) -> None:
    server.faults.answers = [500] * 6
    hand.type("hierop gaat het mis")
    hand.type("en dit niet")
    hand.sees("Je zei: en dit niet")
    expect(hand.log.get_by_text("Niet verstuurd. Er ging iets mis bij ons.")).to_be_visible()
    assert server.said() == ["en dit niet"]


def test_an_app_that_is_away_for_long_gets_it_when_it_is_back(hand: Hand, server: StandIn) -> None:
    """A proxy answers for it meanwhile: that is no fault of the message."""
    server.faults.answers = [502, 503, 504] * 5
    hand.type("ben je er nog")
    hand.sees("Je zei: ben je er nog")
    assert server.said() == ["ben je er nog"]


def test_without_words_from_the_server_there_is_still_a_way_in(server: StandIn, visit: Visit) -> None:
    page = visit()
    hand = Hand(page)
    expect(hand.launcher).to_be_visible()
    page.evaluate("localStorage.clear()")
    page.route("**/api/**", lambda route: route.abort())
    page.reload()
    hand.launcher.click()
    hand.type("hoort iemand mij")
    hand.told("Geen verbinding. We blijven het proberen.")
    page.unroute("**/api/**")
    expect(hand.log).to_contain_text("Stel je vraag gewoon", timeout=15_000)
    hand.sees("Je zei: hoort iemand mij")


def test_a_browser_that_keeps_nothing_still_talks(server: StandIn, context: BrowserContext, visit: Visit) -> None:
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) "
        "Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    hand = Hand(visit()).open()
    hand.type("medewerker")
    hand.told("Je bent als derde aan de beurt.")
    server.claim()
    hand.sees("Lisa helpt je verder.")
