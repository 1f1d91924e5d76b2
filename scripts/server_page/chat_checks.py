"""Checks of conversations: streamed replies, stopping, retrying, and how they are drawn."""

import time

from .checks import check, equal
from .scripted_server import endless, torn, words


@check()
def a_reply_is_seen_while_it_is_written_and_measured(desk):
    desk.server.answers.append(words("one two three four", delay=0.15))
    desk.say("Count")
    desk.page.wait("document.querySelector('.assistant .body')?.innerText.startsWith('one two')")
    equal(desk.page.js("stage.getAttribute('aria-busy')"), "true")
    desk.rest()
    equal(desk.texts(), ["one two three four"])
    figures = desk.page.js("document.querySelector('.assistant .foot .note').textContent")
    assert figures.startswith("4 tokens · ") and "tokens/s · first after 0." in figures, figures
    equal(desk.page.js("spoken.textContent"), "one two three four")
    assert desk.page.js("context.textContent").startswith("24 of "), "no use of the context"
    equal(desk.last["messages"], [{"role": "user", "content": "Count"}])
    equal(desk.last["stream"], True)


@check()
def stopping_closes_the_connection_and_keeps_what_came(desk):
    for stop in [lambda: desk.page.button("Stop"), lambda: desk.page.key("Escape")]:
        desk.server.left.clear()
        desk.server.answers.append(endless)
        desk.say("Go on")
        desk.page.wait("[...document.querySelectorAll('.assistant .body')].at(-1)"
                       ".innerText.includes('5')")
        stop()
        desk.rest()
        assert desk.server.left.wait(5), "the server still writes"
        text = desk.texts()[-1]
        assert text.startswith("0 1 2 3"), text
        assert "stopped" in desk.page.js(
            "[...document.querySelectorAll('.assistant .foot .note')].at(-1).textContent")
        time.sleep(0.1)
        equal(desk.texts()[-1], text)


@check()
def markup_from_the_model_and_the_person_stays_text(desk):
    hostile = ("<img src=x onerror=\"window.isHurt=1\"> <script>window.isHurt=1</script> "
               "[a](javascript:alert(1)) https://example.com &amp; </textarea>")
    desk.ask(hostile, hostile + "\n\n```<b>\n<i>code</i>\n```\n`<u>`")
    equal(desk.texts("user"), [hostile])
    assert desk.texts()[0].startswith(hostile), desk.texts()
    equal(desk.page.js("document.querySelectorAll('#app :is(img, script, a, b, i, u)').length"), 0)
    equal(desk.page.js("document.querySelector('pre').textContent"), "<i>code</i>")
    equal(desk.page.js("window.isHurt"), None)
    desk.page.reload()
    equal(desk.page.js("document.querySelectorAll('#app :is(img, script, a, i, u)').length"), 0)


@check()
def characters_and_events_may_be_torn_anywhere(desk):
    text = "日本語 👩‍👩‍👧 naïve\nשלום عالم"
    for sizes in [[1], [2, 3, 5], [7, 1]]:
        desk.ask("Torn", torn(text, sizes))
        equal(desk.texts()[-1], text)


@check()
def blocks_of_code_and_paragraphs_are_set_apart(desk):
    desk.ask("Code", "Here is **bold** and 2**3**4, `a*b`:\n\n"
                     "```python\nif a:\n\n    b\n```\nEnd\n\n\n# H")
    page = desk.page
    equal(page.js("document.querySelector('.code pre').textContent"), "if a:\n\n    b")
    equal(page.js("document.querySelector('.code .note').textContent"), "python")
    equal(page.js("[...document.querySelectorAll('.assistant .body > p')].map(p => p.innerText)"),
          ["Here is bold and 2**3**4, a*b:", "End", "H"])
    equal(page.js("document.querySelector('.assistant strong').textContent"), "bold")
    page.button("Copy", "document.querySelector('.code')")
    page.wait("document.querySelector('.code button').textContent === 'Copied'")
    equal(page.js("navigator.clipboard.readText()"), "if a:\n\n    b")


@check()
def a_reply_can_be_asked_for_again(desk):
    desk.ask("Hello", "First")
    desk.server.answers.append(words("Second"))
    desk.page.button("Again")
    desk.page.wait("document.querySelector('.assistant .body')?.innerText === 'Second'")
    desk.rest()
    equal(desk.texts(), ["Second"])
    equal(desk.last["messages"], [{"role": "user", "content": "Hello"}])


@check()
def the_last_message_can_be_edited(desk):
    desk.ask("One", "1")
    desk.ask("Twoo", "2")
    page = desk.page
    page.click("document.querySelector('#message')")
    page.type("a draft")
    page.button("Edit")
    equal(page.js("message.value"), "Twoo")
    page.key("Escape")
    equal(page.js("message.value"), "a draft")
    page.button("Edit")
    page.key("End")
    page.key("Backspace")
    desk.server.answers.append(words("two"))
    page.key("Enter")
    desk.rest()
    equal([each["content"] for each in desk.last["messages"]], ["One", "1", "Two"])
    equal(desk.texts("user"), ["One", "Two"])
    equal(desk.texts(), ["1", "two"])
    equal(page.js("message.value"), "a draft")


@check()
def everything_can_be_done_with_keys(desk):
    page = desk.page

    def tab_to(name):
        for _ in range(60):
            page.key("Tab")
            at = page.js("(e => e.getAttribute('aria-label') ?? (e.labels?.[0] ?? e).textContent)"
                         "(document.activeElement)")
            if at == name:
                assert page.js("getComputedStyle(document.activeElement).outlineStyle") != "none" \
                    or page.js("document.activeElement.id") == "message", f"{name} has no outline"
                return
        raise AssertionError(f"the Tab key does not come to {name}")

    # The message field has the focus from the beginning.
    page.type("Line one")
    page.key("Enter", "Shift")
    page.type("line two")
    desk.server.answers.append(words("Hello there"))
    page.key("Enter")
    desk.rest()
    equal(desk.last["messages"][0]["content"], "Line one\nline two")
    tab_to("Settings")
    page.key("Enter")
    tab_to("Temperature")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="a", code="KeyA", modifiers=2,
              commands=["selectAll"])
    page.type("0")
    tab_to("Again")
    page.key("Enter")
    desk.page.wait("stage.innerText.includes('I am well.')")
    equal(desk.last["temperature"], 0)
    # The button is gone; typed text goes where it belongs.
    equal(page.js("document.activeElement.id"), "message")
    tab_to("Rename")
    page.key("Enter")
    page.type("My title")
    page.key("Enter")
    equal(desk.titles(), ["My title"])
    tab_to("New conversation")
    page.key("Enter")
    equal(desk.texts(), [])
    equal(page.js("document.activeElement.id"), "message")


@check()
def everything_has_a_name_for_screen_readers(desk):
    desk.ask("Hello", "Text\n```\ncode\n```")
    desk.page.button("Settings")
    desk.page.call("Accessibility.enable")
    nodes = desk.page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "spinbutton", "slider", "article", "navigation", "complementary"}
    seen = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
            if not node["ignored"] and node["role"]["value"] in roles - {"article"}]
    assert len(seen) > 20, seen
    equal([each for each in seen if not each[1]], [])


@check()
def long_replies_and_long_words_stay_within_a_phone(desk):
    desk.page.resize(360, 700, phone=True)
    word = "Donaudampfschifffahrt" * 30
    # 20,000 characters in more than 4,000 pieces.
    desk.ask(word, word + " `" + word + "` " + "word " * 4000 + "\n```\n" + word + "\n```\nthe end")
    assert desk.texts()[0].endswith("the end"), desk.texts()[0][-50:]
    equal(desk.page.js("document.documentElement.scrollWidth"), 360)
    equal(desk.page.js("page.scroll.scrollWidth - page.scroll.clientWidth"), 0)
    # New text is in view.
    assert desk.page.js("(e => e.scrollHeight - e.scrollTop - e.clientHeight)(page.scroll)") < 2


@check()
def reading_back_is_not_disturbed_by_what_comes(desk):
    desk.ask("Long", "line\n\n " * 100)
    desk.server.answers = [endless]
    desk.say("More")
    desk.page.wait("stage.innerText.includes('9 10')")
    desk.page.js("page.scroll.scrollTop = 0")
    desk.page.wait("stage.innerText.includes('39 40')")
    equal(desk.page.js("page.scroll.scrollTop"), 0)
    desk.page.key("Escape")
    desk.rest()


@check()
def colours_and_motion_follow_the_system(desk):
    colour = "getComputedStyle(document.body).backgroundColor"
    desk.page.prefer(prefers_color_scheme="light")
    light = desk.page.js(colour)
    desk.page.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    dark = desk.page.js(colour)
    equal([light, dark], ["rgb(247, 246, 243)", "rgb(18, 19, 22)"])
    desk.server.answers.append(endless)
    desk.say("Go on")
    desk.page.wait("document.querySelector('.assistant .body')?.innerText.includes('3')")
    equal(desk.page.js("getComputedStyle(document.querySelector('.assistant .body'), '::after')"
                       ".animationName"), "none")
    desk.page.key("Escape")
    desk.rest()
