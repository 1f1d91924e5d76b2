"""Checks of what the page does when the server fails."""

from .checks import check, equal
from .scripted_server import broken, failing, words

BUSY = failing(429, "the queue is full", "rate_limit_exceeded", [("Retry-After", "0.1")])


@check()
def a_busy_server_is_asked_again(desk):
    desk.server.answers += [BUSY, BUSY]
    desk.ask("Hello", "Here I am")
    equal(desk.texts(), ["Here I am"])
    equal(len(desk.server.requests), 3)
    equal(desk.notice(), "")
    desk.server.answers = [BUSY] * 6
    desk.say("Still?")
    desk.rest()
    assert "busy" in desk.notice() and "<" not in desk.notice(), desk.notice()
    equal(len(desk.server.requests), 9)
    desk.server.answers = [words("Now")]
    desk.page.button("Try again")
    desk.page.wait("stage.innerText.includes('Now')")
    equal(desk.notice(), "")
    # Waiting can be stopped.
    desk.server.answers = [failing(429, "full", None, [("Retry-After", "50")])]
    desk.say("Wait")
    desk.page.wait("notice.innerText.includes('asked again in 50s')")
    desk.page.key("Escape")
    desk.rest()
    equal(desk.notice(), "")
    equal(desk.texts("user")[-1], "Wait")


@check()
def a_key_is_asked_for_and_kept_in_the_tab_alone(desk):
    refusal = failing(401, "a key is needed", "invalid_api_key")
    desk.server.answers.append(refusal)
    desk.say("Hello")
    desk.page.wait("document.activeElement.id === 'key'")
    assert "requires a key" in desk.notice(), desk.notice()
    desk.page.type("ключ")
    desk.page.key("Enter")
    assert "letters, digits" in desk.notice(), desk.notice()
    desk.page.js("document.querySelector('#key').value = ''")
    desk.server.answers.append(refusal)
    desk.page.type("sk-wrong")
    desk.page.key("Enter")
    desk.page.wait("notice.innerText.includes('not the server\u2019s key')")
    desk.server.answers.append(words("Welcome"))
    desk.page.type("sk-right")
    desk.page.key("Enter")
    desk.page.wait("stage.innerText.includes('Welcome')")
    desk.rest()
    keys = [request["headers"]["Authorization"] for request in desk.server.requests]
    equal(keys, [None, "Bearer sk-wrong", "Bearer sk-right"])
    desk.page.reload()
    desk.ask("Again", "Still here")
    equal(desk.server.requests[-1]["headers"]["Authorization"], "Bearer sk-right")
    assert "sk-right" not in desk.page.js("JSON.stringify({ ...localStorage })")
    desk.page.close()
    desk.page = desk.page.sibling()
    desk.page.open(desk.server.address)
    desk.ask("And now", "A new tab")
    equal(desk.server.requests[-1]["headers"]["Authorization"], None)


@check()
def failures_are_told_in_words_with_what_to_do(desk):
    cases = [
        (failing(500, "out of memory"), "The server failed.", "out of memory", "Try again"),
        (failing(503, "ending"), "is stopping", "", "Try again"),
        (failing(404, "no such model", "model_not_found"), "a different model", "", "Reload"),
        (failing(400, "4096 tokens", "context_length_exceeded"), "longer than the model", "4096",
         "Start over"),
        (failing(422, "'tools' are not known"), "refused this request", "'tools'", None),
        (failing(403, "foreign"), "at this address", "", None),
        (lambda handler, _: handler.send(502, b"<h1>Bad gateway</h1>"), "The server failed.", "",
         "Try again"),
    ]
    for answer, text, said, help in cases:
        desk.server.answers = [answer]
        desk.say("Hello")
        desk.page.wait("stage.getAttribute('aria-busy') === 'false' && notice.innerText")
        notice = desk.notice()
        assert text in notice and said in notice and "h1" not in notice, notice
        equal(desk.page.js("document.querySelector('#notice [role=alert]') !== null"), True)
        if help:
            assert help in notice, notice
        # The message stays, and can be answered or edited.
        equal(desk.texts("user")[-1], "Hello")
        desk.page.button("Dismiss")
        equal(desk.notice(), "")
    desk.server.answers = [words("Better")]
    desk.page.button("Answer")
    desk.page.wait("stage.innerText.includes('Better')")


@check()
def a_server_that_went_away_is_waited_for_by_the_person(desk):
    desk.ask("Hello", "Hi")
    port = desk.server.server_address[1]
    page_of = desk.server.page
    desk.server.shutdown()
    desk.server.server_close()
    desk.page.button("Again")
    desk.page.wait("notice.innerText.includes('cannot be reached')")
    # The reply that was there is not lost.
    equal(desk.texts(), ["Hi"])
    desk.server = type(desk.server)(page_of, port)
    desk.server.answers = [words("Back again")]
    desk.page.button("Try again")
    desk.page.wait("stage.innerText.includes('Back again')")
    desk.rest()
    equal(desk.notice(), "")


@check()
def what_breaks_off_is_kept_and_said(desk):
    def amid(handler, _):
        handler.begin_stream()
        handler.chunk("Some")
        handler.event({"error": {"message": "the model failed", "code": None}})

    def nonsense(handler, _):
        handler.begin_stream()
        handler.chunk("Some")
        handler.write(b"data: {not JSON\n\n")

    for answer, text, notice in [
        (broken, "Half of", "was lost"), (amid, "Some", "the model failed"),
        (nonsense, "Some", "was lost"),
    ]:
        desk.ask("Hello", answer)
        equal(desk.texts()[-1], text)
        assert notice in desk.notice(), desk.notice()
        desk.server.answers = [words("Whole")]
        desk.page.button("Try again")
        desk.page.wait("[...document.querySelectorAll('.assistant .body')].at(-1).innerText"
                       " === 'Whole'")
        desk.rest()
