"""The pure state of the Slack workspace: timestamps, threads, limits, what interactions hand out, views."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cdi_bot.sandbox.slack.model import Content, Message, RateLimiter, Rules
from cdi_bot.sandbox.slack.schema import Refusal
from cdi_bot.sandbox.slack.views import Handles
from cdi_bot.sandbox.slack.world import SlackWorld
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import ALERTS, MARA, OPS, PRIVATE, Json, modal, text_input


@pytest.fixture
def told() -> list[Json]:
    """Return the stream's events so far."""
    return []


@pytest.fixture
def world(clock: Clock, told: list[Json]) -> SlackWorld:
    """Return a workspace whose clock stands still."""
    return SlackWorld(clock=clock, on_change=told.append)


def say(world: SlackWorld, text: str = "x", *, thread_ts: str | None = None) -> Message:
    """Post into #data-alerts."""
    return world.post(ALERTS, Content(text=text), thread_ts=thread_ts)


def refusal_of(call: Callable[[], object]) -> str:
    """Return the word of the refusal that `call` must end in."""
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


def test_timestamps_are_unique_and_rising_in_a_channel_even_while_the_clock_stands(world: SlackWorld) -> None:
    """Two messages of the same microsecond get different timestamps."""
    stamps = [say(world).ts for _ in range(3)]
    assert stamps == ["1774440000.000000", "1774440000.000001", "1774440000.000002"]
    assert world.post(OPS, Content(text="x")).ts == stamps[0]


def test_a_clock_that_goes_back_does_not_reorder_a_channel(world: SlackWorld, clock: Clock) -> None:
    """A later message stands after an earlier one whatever the clock says."""
    first = say(world)
    clock.advance(-60)
    assert say(world).ts > first.ts


def test_a_reply_to_a_reply_joins_the_same_thread(world: SlackWorld) -> None:
    """Threads have one level."""
    root = say(world, "root")
    reply = say(world, "reply", thread_ts=root.ts)
    assert say(world, "again", thread_ts=reply.ts).thread_ts == root.ts
    assert [found.content.text for found in world.replies(ALERTS, root.ts)] == ["reply", "again"]


def test_a_reply_to_nothing_is_refused(world: SlackWorld) -> None:
    """A thread needs a message to hang on."""
    assert refusal_of(lambda: say(world, thread_ts="1774440000.000009")) == "thread_not_found"


def test_deleting_takes_a_message_out_of_channel_and_thread(world: SlackWorld, told: list[Json]) -> None:
    """What is deleted is nowhere any more, and the stream says so."""
    root = say(world)
    reply = say(world, thread_ts=root.ts)
    world.delete(reply)
    world.delete(root)
    assert world.messages(ALERTS) == []
    assert world.replies(ALERTS, root.ts) == []
    assert told[-1] == {"type": "message_deleted", "channel": ALERTS, "ts": root.ts}


def test_an_ephemeral_lives_beside_the_channel(world: SlackWorld, told: list[Json]) -> None:
    """An ephemeral can be changed and deleted, and has its own events."""
    shown = world.post_ephemeral(ALERTS, MARA, Content(text="psst"))
    world.change(shown, Content(text="psst!"), edited=False)
    assert world.by_id(shown.id).content.text == "psst!"
    assert world.by_id(shown.id).user_to == MARA
    assert list(world.newest_first(ALERTS)) == []
    world.delete(world.by_id(shown.id))
    assert refusal_of(lambda: world.by_id(shown.id)) == "message_not_found"
    assert [event["type"] for event in told] == ["ephemeral", "ephemeral_changed", "ephemeral_deleted"]


def test_the_same_seed_gives_the_same_secrets_and_another_seed_others(clock: Clock) -> None:
    """Worlds are repeatable by seed."""
    one, same, other = (SlackWorld(clock=clock, seed=seed) for seed in (1, 1, 2))
    assert one.tokens.keys() == same.tokens.keys()
    assert one.new_id("X") == same.new_id("X")
    assert one.tokens.keys().isdisjoint(other.tokens.keys())
    assert one.signing_secret != other.signing_secret


def test_what_the_bot_cannot_see_is_not_found(world: SlackWorld) -> None:
    """A private channel without the bot looks like one that does not exist."""
    assert refusal_of(lambda: world.visible(PRIVATE)) == "channel_not_found"
    assert refusal_of(lambda: world.visible("C0NOWHERE1")) == "channel_not_found"
    world.put_channel(replace(world.channels[ALERTS], deleted=True))
    assert refusal_of(lambda: world.visible(ALERTS)) == "channel_not_found"


def test_posts_may_burst_and_then_keep_one_a_second_per_channel(clock: Clock) -> None:
    """After a short burst a channel takes one message a second; another channel has its own allowance."""
    limiter, rules = RateLimiter(), Rules(post_burst=2)

    def take(channel: str) -> int | None:
        return limiter.take("chat.postMessage", channel, rules, clock())

    assert [take("C1"), take("C1"), take("C1"), take("C2")] == [None, None, 1, None]
    clock.advance(1)
    assert [take("C1"), take("C1")] == [None, 1]


def test_a_slow_rate_tells_a_longer_wait(clock: Clock) -> None:
    """Retry-After tells whole seconds until the next message would pass."""
    limiter, rules = RateLimiter(), Rules(post_burst=1, post_per_second=0.25)
    assert limiter.take("chat.postMessage", "C1", rules, clock()) is None
    assert limiter.take("chat.postMessage", "C1", rules, clock()) == 4


def test_a_method_takes_its_tiers_calls_in_any_minute(clock: Clock) -> None:
    """The limit of a method is a sliding minute over the whole workspace; methods without a tier have none."""
    limiter, rules = RateLimiter(), Rules(method_limits={"chat.update": 2})

    def take() -> int | None:
        return limiter.take("chat.update", None, rules, clock())

    assert take() is None
    clock.advance(20)
    assert [take(), take()] == [None, 40]
    clock.advance(40)
    assert [take(), take()] == [None, 20]
    assert all(limiter.take("auth.test", None, rules, clock()) is None for _ in range(500))


def test_a_limit_of_nothing_lets_nothing_through(clock: Clock) -> None:
    """A tier of zero always asks to wait a minute."""
    assert RateLimiter().take("chat.update", None, Rules(method_limits={"chat.update": 0}), clock()) == 60


def test_a_trigger_opens_one_view_within_three_seconds(clock: Clock) -> None:
    """A trigger_id is good once, and only for a moment."""
    handles, rules = Handles(_counter()), Rules()
    fresh, late = handles.new_trigger(MARA, clock()), handles.new_trigger(MARA, clock())
    assert handles.use_trigger(fresh, rules, clock()) == MARA
    assert refusal_of(lambda: handles.use_trigger(fresh, rules, clock())) == "exchanged_trigger_id"
    clock.advance(3.1)
    assert refusal_of(lambda: handles.use_trigger(late, rules, clock())) == "expired_trigger_id"
    assert refusal_of(lambda: handles.use_trigger("made up", rules, clock())) == "invalid_trigger_id"


def test_a_response_url_works_five_times_within_half_an_hour(clock: Clock) -> None:
    """The sixth use, and any use after 30 minutes, is refused."""
    handles, rules = Handles(_counter()), Rules()
    token, late = handles.new_url(ALERTS, MARA, clock()), handles.new_url(ALERTS, MARA, clock())
    for _ in range(5):
        handles.use_url(token, rules, clock())
    assert refusal_of(lambda: handles.use_url(token, rules, clock())) == "used_url"
    clock.advance(1_801)
    assert refusal_of(lambda: handles.use_url(late, rules, clock())) == "expired_url"
    assert refusal_of(lambda: handles.use_url("made up", rules, clock())) == "expired_url"


def test_a_person_sees_one_modal(world: SlackWorld) -> None:
    """Another modal replaces the one that is open; closing leaves none."""
    views = world.views
    views.open(MARA, modal())
    second = views.open(MARA, modal())
    assert views.modal(MARA) == second
    assert views.close(MARA, second["id"])
    assert not views.close(MARA, second["id"])
    assert views.modal(MARA) is None


def test_a_view_updated_keeps_what_was_typed_where_the_field_stays(world: SlackWorld) -> None:
    """State belongs to block ids."""
    views = world.views
    view = views.open(MARA, modal(text_input("name"), text_input("other")))
    views.remember(view, {"name": {"typed": {"value": "A"}}, "other": {"typed": {"value": "B"}}})
    user, found = views.find(view["id"])
    assert (user, found["id"]) == (MARA, view["id"])
    user, fresh = views.update(view["id"], modal(text_input("name")))
    assert (user, fresh["id"]) == (MARA, view["id"])
    assert fresh["state"] == {"values": {"name": {"typed": {"value": "A"}}}}
    assert refusal_of(lambda: views.find("V0")) == "not_found"


def test_a_home_keeps_its_id_when_it_is_published_again(world: SlackWorld) -> None:
    """Home is one view per person; its hash guards against overwriting."""
    home: Json = {"type": "home", "blocks": []}
    first = world.views.publish(MARA, home)
    second = world.views.publish(MARA, home, expected_hash=first["hash"])
    assert second["id"] == first["id"]
    assert refusal_of(lambda: world.views.publish(MARA, home, expected_hash=first["hash"])) == "hash_conflict"


def test_the_snapshot_holds_what_a_page_needs(world: SlackWorld) -> None:
    """Channels with who is in them, people, messages, Homes, commands and shortcuts come in one piece."""
    say(world, "hello")
    world.views.publish(MARA, {"type": "home", "blocks": []})
    shown = world.snapshot()
    assert [channel["name"] for channel in shown["channels"]][:2] == ["data-alerts", "marketing-ops"]
    assert {
        "id": "U0KENJI001",
        "name": "kenji",
        "real_name": "田中 健司",
        "tz": "Asia/Tokyo",
        "locale": "ja-JP",
        "is_bot": False,
        "is_restricted": False,
    } in (shown["users"])
    assert [message["text"] for message in shown["messages"]] == ["hello"]
    assert [home["user"] for home in shown["homes"]] == [MARA]
    assert shown["commands"][0]["command"] == "/cdi"
    assert shown["shortcuts"][0]["callback_id"] == "subscription"
    assert MARA in shown["channels"][0]["members"]


def _counter() -> Callable[[str], str]:
    """Return a maker of ids."""
    made = iter(range(1_000))
    return lambda prefix: f"{prefix}{next(made)}"
