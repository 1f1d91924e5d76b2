"""Checks of what the browser keeps: conversations, settings, files."""

import json
import pathlib
import tempfile
import time

from .checks import check, equal


@check()
def conversations_survive_a_reload(desk):
    desk.ask("First question", "First answer")
    desk.page.button("New conversation")
    equal(desk.texts(), [])
    desk.ask("Second question", "Second answer")
    equal(desk.titles(), ["Second question", "First question"])
    desk.page.reload()
    equal(desk.texts(), ["Second answer"])
    desk.page.click("[...document.querySelectorAll('.conversation')][1]")
    equal(desk.texts("user"), ["First question"])
    equal(desk.texts(), ["First answer"])
    desk.ask("More", "Of it")
    equal([each["content"] for each in desk.last["messages"]],
          ["First question", "First answer", "More"])


@check()
def conversations_can_be_renamed_deleted_and_had_back(desk):
    desk.ask("A question", "An answer")
    page = desk.page
    page.button("Rename")
    page.key("Escape")
    equal(desk.titles(), ["A question"])
    page.button("Rename")
    page.type("<b>Mine</b>")
    page.key("Enter")
    equal(desk.titles(), ["<b>Mine</b>"])
    desk.ask("Another", "One")
    page.reload()
    equal(desk.titles(), ["<b>Mine</b>"])
    page.button("Delete")
    equal(desk.titles(), [])
    equal(desk.texts(), [])
    page.button("Undo")
    equal(desk.titles(), ["<b>Mine</b>"])
    equal(desk.texts(), ["An answer", "One"])
    page.button("Delete")
    page.reload()
    equal(desk.titles(), [])


@check()
def what_is_deleted_while_a_reply_comes_stays_deleted(desk):
    desk.begin_long_reply()
    desk.page.button("Delete")
    desk.rest()
    desk.page.js("new Promise(resolve => setTimeout(resolve, 1200))")
    equal(desk.titles(), [])
    desk.page.reload()
    equal(desk.titles(), [])


@check()
def a_page_that_is_closed_amid_a_reply_keeps_what_came(desk):
    desk.begin_long_reply()
    desk.server.answers.append(lambda *_: time.sleep(0.5))
    desk.page.reload()
    assert desk.texts()[0].startswith("word word"), desk.texts()
    desk.say("And one that says nothing yet")
    desk.page.wait("document.querySelectorAll('.assistant').length === 2")
    desk.page.reload()
    equal(len(desk.texts()), 1)
    desk.ask("Hello", "Hi")
    equal([each["role"] for each in desk.last["messages"]], ["user", "assistant", "user"])
    # Chat templates do not allow two consecutive user messages.
    equal(desk.last["messages"][-1]["content"], "And one that says nothing yet\n\nHello")


@check()
def two_tabs_know_of_each_other(desk):
    desk.ask("In one tab", "Yes")
    other = desk.page.sibling()
    other.open(desk.server.address)
    other.button("New conversation")
    other.type("In the other")
    other.key("Enter")
    desk.page.wait("document.querySelectorAll('.conversation').length === 2")
    equal(desk.texts(), ["Yes"])
    equal(other.faults, [])
    other.close()


@check()
def a_reply_that_is_left_is_stopped_and_kept(desk):
    desk.begin_long_reply()
    desk.page.button("New conversation")
    desk.rest()
    assert desk.server.left.wait(5), "the server still writes"
    equal(desk.texts(), [])
    desk.ask("Another", "Short")
    equal(desk.texts(), ["Short"])
    desk.page.click("[...document.querySelectorAll('.conversation')].at(-1)")
    assert desk.texts()[0].startswith("word word word"), desk.texts()


def choose(page, name, text):
    """Types a setting over."""
    page.click(f"document.querySelector('#setting-{name}')")
    page.js(f"document.querySelector('#setting-{name}').select()")
    page.key("Delete")
    if text:
        page.type(text)


@check()
def settings_are_sent_as_chosen(desk):
    page = desk.page
    desk.ask("Usual", "Yes")
    usual = {"temperature": 0.7, "top_p": 0.95, "min_p": 0, "max_tokens": 512,
             "presence_penalty": 0, "frequency_penalty": 0}
    equal({name: desk.last.get(name) for name in usual}, usual)
    equal({"seed", "stop", "system"} & set(desk.last), set())
    page.button("Settings")
    chosen = {"temperature": 0.35, "top_p": 0.5, "min_p": 0.1, "max_tokens": 77, "seed": 42,
              "presence_penalty": -0.5, "frequency_penalty": 1.5}
    for name, value in chosen.items():
        choose(page, name, str(value))
    choose(page, "system", "Be brief.")
    choose(page, "stop", "END\\n\n\nQ:")
    desk.ask("Chosen", "Yes")
    equal({name: desk.last.get(name) for name in chosen}, chosen)
    equal(desk.last["stop"], ["END\n", "Q:"])
    equal(desk.last["messages"][0], {"role": "system", "content": "Be brief."})
    page.reload()
    desk.ask("After a reload", "Yes")
    equal({name: desk.last.get(name) for name in chosen}, chosen)
    # An invalid number is not accepted.
    choose(page, "temperature", "9")
    equal(page.js("document.querySelector('#setting-temperature').ariaInvalid"), "true")
    choose(page, "max_tokens", "")
    desk.ask("Wrong", "Yes")
    equal(desk.last["temperature"], 0.35)
    equal("max_tokens" in desk.last, False)
    page.button("Reset to defaults")
    desk.ask("Reset", "Yes")
    equal({name: desk.last.get(name) for name in usual}, usual)


@check()
def conversations_go_into_files_and_come_back(desk):
    page = desk.page
    desk.ask("Hello \"you\"", "Hi 👋")
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=directory,
                  browserContextId=page.context)
        page.button("Export")
        file = folder / "Hello-you.json"
        for _ in range(200):
            if file.exists() and file.stat().st_size:
                break
            page.js("new Promise(resolve => setTimeout(resolve, 20))")
        messages = [{"role": "user", "content": "Hello \"you\""},
                    {"role": "assistant", "content": "Hi 👋"}]
        equal(json.loads(file.read_text()), {"messages": messages})
        messages.insert(0, {"role": "system", "content": "Be kind."})
        messages[1]["content"] = [{"type": "text", "text": "From a file"}]
        good = folder / "good.json"
        good.write_text(json.dumps(messages))
        page.choose_file("#file", good)
        page.wait("document.querySelectorAll('.conversation').length === 2")
        equal(desk.texts("user"), ["From a file"])
        equal(desk.texts("system"), ["Be kind."])
        desk.ask("More", "Yes")
        equal([each["role"] for each in desk.last["messages"]],
              ["system", "user", "assistant", "user"])
        for text in ["", "{", "[]", "null", '{"messages":[{"role":"robot","content":"a"}]}',
                     '[{"role":"user","content":5}]', "[null]", "\0\x01"]:
            bad = folder / "bad.json"
            bad.write_text(text)
            page.choose_file("#file", bad)
            page.wait("notice.innerText.includes('bad.json is not a conversation')")
            page.button("Dismiss")
        equal(len(desk.titles()), 2)


@check()
def what_is_kept_may_be_anything(desk):
    desk.page.js("""for (const [name, value] of Object.entries({
        'chat/a': '{', 'chat/b': '5', 'chat/c': '{"id":"c","messages":[{"role":5}]}',
        'chat/d': '{"id":"d","messages":[{"role":"user","content":"Kept"}],"title":"<i>"}',
        'settings/chat': '{"temperature":"hot","seed":-1,"stop":7}', 'panel/history': '"no"',
    })) localStorage.setItem('swiftlet/' + name, value)""")
    desk.page.reload()
    equal(desk.titles(), ["<i>"])
    equal(desk.texts("user"), ["Kept"])
    desk.ask("Hello", "Hi")
    equal(desk.last["temperature"], 0.7)


@check()
def without_a_place_to_keep_anything_the_page_works_until_it_is_closed(desk):
    desk.page.call("Page.addScriptToEvaluateOnNewDocument", source="""
        for (const name of ['localStorage', 'sessionStorage']) {
            Object.defineProperty(window, name, { get() {
                throw new DOMException('not allowed', 'SecurityError'); } });
        }""")
    desk.page.reload()
    desk.ask("One", "1")
    desk.page.button("New conversation")
    desk.ask("Two", "2")
    equal(desk.titles(), ["Two", "One"])
    desk.page.click("[...document.querySelectorAll('.conversation')].at(-1)")
    equal(desk.texts(), ["1"])


@check()
def a_full_storage_is_told_once_and_stops_nothing(desk):
    desk.page.js("""(() => { let text = 'x'.repeat(1 << 20);
        for (let index = 0; text; index += 1) {
            try { localStorage.setItem('other/' + index, text); }
            catch { text = text.slice(0, text.length >> 1); }
        } })()""")
    desk.ask("Hello", "Hi")
    assert "no room" in desk.notice(), desk.notice()
    desk.page.button("Dismiss")
    desk.ask("More", "Yes")
    equal(desk.texts(), ["Hi", "Yes"])
    equal(desk.notice(), "")
    desk.page.button("New conversation")
    desk.page.click("document.querySelector('.conversation')")
    equal(desk.texts(), ["Hi", "Yes"])
