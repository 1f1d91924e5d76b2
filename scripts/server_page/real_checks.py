"""Checks with a real server and a real model: no answers are scripted here."""

import re
import time

from .checks import equal


def send(page, text):
    page.click("document.querySelector('#message')")
    page.type(text)
    page.key("Enter")


def rest(page):
    page.wait("stage.getAttribute('aria-busy') === 'false'", 120)


def running(server):
    """How many texts the server is generating."""
    return server.metrics()["swiftlet_texts_running"]


def a_model_answers_and_stopping_frees_its_place(browser, server):
    """For a model that can name a capital."""
    page = browser.page()
    page.open(server.address + "/")
    page.button("Settings")
    page.js("document.querySelector('#setting-temperature').select()")
    page.type("0")
    send(page, "What is the capital of France?")
    rest(page)
    assert "Paris" in page.js("stage.innerText"), page.js("stage.innerText")
    assert "tokens/s" in page.js("document.querySelector('.assistant .foot').innerText")
    assert re.search(r"^\d+ of [\d,]+ tokens used$", page.js("context.textContent"))
    send(page, "Write a long story about a fox and a hare.")
    page.wait("[...document.querySelectorAll('.assistant .body')].at(-1).innerText.length > 40", 60)
    equal(running(server), 1)
    page.key("Escape")
    rest(page)
    end = time.monotonic() + 5
    while running(server) and time.monotonic() < end:
        time.sleep(0.05)
    equal(running(server), 0)
    assert "stopped" in page.js("stage.innerText"), page.js("stage.innerText")
    equal(page.faults, [])
    page.close()


def the_context_is_not_overrun(browser, server):
    """For a server with a short context."""
    page = browser.page()
    page.open(server.address + "/")
    send(page, "word " * 400)
    rest(page)
    page.wait("notice.innerText.includes('longer than the model')")
    equal(page.faults, [])
    page.close()


def a_server_with_a_key_is_used_with_it(browser, server, key):
    page = browser.page()
    page.open(server.address + "/")
    page.wait("document.activeElement.id === 'key'")
    page.type(key + "x")
    page.key("Enter")
    send(page, "Hello")
    page.wait("notice.innerText.includes('not the server\u2019s key')")
    page.type(key)
    page.key("Enter")
    page.wait("document.querySelector('.assistant .foot')?.innerText.includes('token')", 60)
    equal(page.js("notice.innerText"), "")
    equal(page.faults, [])
    page.close()


def a_model_continues_texts(browser, server):
    page = browser.page()
    page.open(server.address + "/#text")
    page.type("Once upon a time")
    page.key("Enter", "Control")
    rest(page)
    assert page.js("text.value.length") > 40, page.js("text.value")
    assert page.js("text.value").startswith("Once upon a time")
    equal(page.faults, [])
    page.close()
