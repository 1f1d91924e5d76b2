"""What is checked on a server's page, and how: each check is a function that gets a desk."""

from .scripted_server import ScriptedServer, words

CHECKS = []


def check(*, chat=True):
    """Marks a function as a check of conversations or of completions."""
    def marked(function):
        CHECKS.append((function.__name__.replace("_", " "), chat, function))
        return function
    return marked


class Desk:
    """A server with scripted answers, and its page as a person would use it."""

    def __init__(self, browser, source):
        self.browser = browser
        self.server = ScriptedServer(source)
        self.page = browser.page()
        self.page.open(self.server.address)

    def say(self, text):
        """Types a message and sends it."""
        self.page.click("document.querySelector('#message')")
        self.page.type(text)
        self.page.key("Enter")

    def ask(self, text, answer):
        """Sends a message, and waits for the complete answer."""
        self.server.answers.append(answer if callable(answer) else words(answer))
        self.say(text)
        self.rest()

    def begin_long_reply(self):
        """Sends a message, and waits until the first words of a reply of some seconds are there."""
        self.server.answers.append(words("word " * 400, delay=0.02))
        self.say("A long one")
        self.page.wait("stage.innerText.includes('word word word')")

    def rest(self):
        """Waits until nothing is being written."""
        self.page.wait("stage.getAttribute('aria-busy') === 'false'")

    def texts(self, role="assistant"):
        """The visible texts of a role's messages."""
        return self.page.js(f"[...document.querySelectorAll('.{role} .body')]"
                            ".map(body => body.innerText)")

    def notice(self):
        return self.page.js("notice.innerText")

    def titles(self):
        return self.page.js("[...document.querySelectorAll('.conversation .title')]"
                            ".map(title => title.textContent)")

    @property
    def last(self):
        """The body of the last request."""
        return self.server.requests[-1]["body"]

    def leave(self):
        faults = self.page.faults
        self.page.close()
        self.server.shutdown()
        self.server.server_close()
        assert not faults, f"the browser complains: {faults}"


def equal(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"
