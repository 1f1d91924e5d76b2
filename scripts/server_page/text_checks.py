"""Checks of texts that a model without a template continues."""

import pathlib
import tempfile

from .checks import check, equal
from .scripted_server import endless, failing, words
from .storage_checks import choose


def marks(desk):
    """The text marked as the model's."""
    return desk.page.js("[...document.querySelectorAll('.under mark')].map(m => m.textContent)")


def go_on(desk, answer):
    desk.server.answers.append(words(answer))
    desk.page.key("Enter", "Control")
    desk.rest()


@check(chat=False)
def a_text_is_continued_and_what_is_new_is_marked(desk):
    page = desk.page
    # The text has the focus from the beginning.
    page.type("Once upon a time")
    go_on(desk, " there was\na fox")
    equal(page.js("text.value"), "Once upon a time there was\na fox")
    equal(marks(desk), [" there was\na fox"])
    equal(desk.last["prompt"], "Once upon a time")
    equal("messages" in desk.last, False)
    assert "tokens/s" in page.js("document.querySelector('.under-paper').innerText")
    page.type(", red")
    go_on(desk, " and sly.")
    equal(desk.last["prompt"], "Once upon a time there was\na fox, red")
    equal(marks(desk), [" there was\na fox", " and sly."])
    # The text and its marks are drawn on top of each other.
    equal(page.js("text.clientHeight === document.querySelector('.under').clientHeight"), True)
    page.reload()
    equal(marks(desk), [" there was\na fox", " and sly."])


@check(chat=False)
def typing_into_a_text_keeps_the_marks_of_the_rest(desk):
    desk.page.type("A")
    go_on(desk, " long continuation")
    desk.page.js("text.setSelectionRange(6, 6)")
    desk.page.type("er")
    equal(desk.page.js("text.value"), "A longer continuation")
    equal(marks(desk), [" long", " continuation"])
    desk.page.js("text.setSelectionRange(0, 9)")
    desk.page.key("Delete")
    equal(marks(desk), ["continuation"])


@check(chat=False)
def a_continuation_can_be_taken_back_or_written_again(desk):
    desk.page.type("One")
    go_on(desk, " two")
    desk.server.answers.append(words(" and two"))
    desk.page.button("Again")
    desk.page.wait("text.value === 'One and two'")
    desk.rest()
    equal(desk.last["prompt"], "One")
    desk.page.button("Take back")
    equal(desk.page.js("text.value"), "One")
    equal(marks(desk), [])
    desk.page.reload()
    equal(desk.page.js("text.value"), "One")


@check(chat=False)
def line_ends_of_other_systems_are_taken_for_ends_of_lines(desk):
    page = desk.page
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "text.txt"
        file.write_bytes(b"One\r\nTwo\r\nThree\r\n")
        page.choose_file("#file", file)
        page.wait("text.value === 'One\\nTwo\\nThree\\n'")
    page.click("text")
    go_on(desk, "Four\r\nFive")
    equal(desk.last["prompt"], "One\nTwo\nThree\n")
    equal(page.js("text.value"), "One\nTwo\nThree\nFour\nFive")
    equal(marks(desk), ["Four\nFive"])


@check(chat=False)
def a_text_without_a_limit_may_fill_the_context(desk):
    page = desk.page
    page.type("Once")
    page.button("Settings")
    choose(page, "max_tokens", "")
    page.click("text")
    go_on(desk, " more")
    equal(desk.last["max_tokens"], page.js("page.facts.contextLength"))


@check(chat=False)
def a_continuation_can_be_stopped(desk):
    desk.server.answers.append(endless)
    desk.page.type("Count: ")
    desk.page.button("Continue")
    desk.page.wait("text.value.includes('5')")
    desk.page.key("Escape")
    desk.rest()
    assert desk.server.left.wait(5), "the server still writes"
    equal(desk.page.js("text.readOnly"), False)
    equal(desk.page.js("document.activeElement.id"), "text")
    equal(desk.titles()[0][:9], "Count: 0 ")


@check(chat=False)
def a_refused_continuation_leaves_the_text_as_it_was(desk):
    desk.server.answers.append(failing(500, "no"))
    desk.page.type("Hello")
    desk.page.key("Enter", "Control")
    desk.page.wait("notice.innerText.includes('The server failed')")
    equal(desk.page.js("text.value"), "Hello")
    desk.server.answers.append(words(" world"))
    desk.page.button("Try again")
    desk.page.wait("text.value === 'Hello world'")


@check(chat=False)
def texts_have_no_system_prompt_and_fit_a_phone(desk):
    desk.page.resize(360, 700, phone=True)
    desk.page.type("word" * 200)
    go_on(desk, "longer" * 200)
    equal(desk.page.js("document.documentElement.scrollWidth"), 360)
    equal(desk.page.js("text.scrollHeight <= text.clientHeight"), True)
    equal(desk.page.js("document.querySelector('#setting-system')"), None)


@check()
def a_model_that_chats_continues_texts_too(desk):
    desk.ask("A question", "An answer")
    desk.page.button("Texts")
    desk.page.wait("!!document.querySelector('#text')")
    equal(desk.titles(), [])
    desk.page.type("Once")
    go_on(desk, " more")
    equal([desk.last["prompt"], marks(desk)], ["Once", [" more"]])
    desk.page.reload()
    equal(desk.titles(), ["Once more"])
    desk.page.button("Conversations")
    desk.page.wait("!!document.querySelector('#message')")
    equal(desk.texts(), ["An answer"])
