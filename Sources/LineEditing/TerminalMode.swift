// The mode of a terminal while the program looks after its keys. What it does, and how it is undone
// whatever happens, is in CTerminal: signal handlers need C.

import CTerminal

/// Changes what becomes of the keys that are typed, for one terminal at a time.
package enum TerminalMode {
    /// What becomes of the keys.
    package enum Input {
        /// They are shown and come as lines, as always; only stopping and going on are noticed.
        case asTyped
        /// They are neither shown nor kept; Ctrl-C and Ctrl-Z do what they always do.
        case hidden
        /// They are not shown, but kept as typed; Ctrl-C and Ctrl-Z do what they always do.
        case waiting
        /// They are not shown, and each comes at once, Ctrl-C and Ctrl-Z too.
        case keys
    }

    /// Changes the mode, from another one too; what was at first is put back by ``end()``, and
    /// however the program ends.
    ///
    /// In the background nothing changes until ``refresh()`` is called in the foreground. While the
    /// program is stopped, the mode is the one that was.
    /// - Parameters:
    ///   - input: What becomes of the keys.
    ///   - descriptor: The terminal.
    /// - Returns: False when it is no terminal.
    @discardableResult
    package static func begin(_ input: Input, on descriptor: CInt) -> Bool {
        switch input {
        case .asTyped: ct_begin(descriptor, CT_AS_TYPED)
        case .hidden: ct_begin(descriptor, CT_HIDDEN)
        case .waiting: ct_begin(descriptor, CT_WAITING)
        case .keys: ct_begin(descriptor, CT_KEYS)
        }
    }

    /// Has the terminal put marks around what is pasted, until the mode is put back.
    /// - Parameter descriptor: Where the terminal is told so.
    package static func markPastes(on descriptor: CInt) {
        ct_mark_pastes(descriptor)
    }

    /// Puts the mode back that was before; a signal handler may call it, and it may be repeated.
    package static func end() {
        ct_end()
    }

    /// Changes the mode where that was not possible before, and drops keys that are hidden.
    package static func refresh() {
        ct_refresh()
    }

    /// Whether the program was stopped and went on since the last call: a shell has written since.
    package static func takeContinuation() -> Bool {
        ct_take_continuation()
    }

    /// Stops the program as Ctrl-Z does, with the mode put back, and returns when it goes on.
    package static func suspend() {
        ct_suspend()
    }
}
