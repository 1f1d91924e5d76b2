// The mode of a terminal while the program handles its keys. CTerminal implements it, and how it is
// undone whatever happens: signal handlers need C.

import CTerminal

/// Changes what happens to typed keys, for one terminal at a time.
package enum TerminalMode {
    /// What happens to the keys.
    package enum Input {
        /// They are shown and arrive as lines, as always; only stopping and continuing are noticed.
        case asTyped
        /// They are neither shown nor kept; Ctrl-C and Ctrl-Z do what they always do.
        case hidden
        /// They are not shown, but kept as typed; Ctrl-C and Ctrl-Z do what they always do.
        case waiting
        /// They are not shown, and each arrives at once, even Ctrl-C and Ctrl-Z.
        case keys
    }

    /// Changes the mode, also from an earlier change; the original mode is restored by ``end()``,
    /// and however the program ends.
    ///
    /// In the background nothing changes until ``refresh()`` is called in the foreground. While the
    /// program is stopped, the original mode applies.
    /// - Parameters:
    ///   - input: What happens to the keys.
    ///   - descriptor: The terminal.
    /// - Returns: False if it is not a terminal.
    @discardableResult
    package static func begin(_ input: Input, on descriptor: CInt) -> Bool {
        switch input {
        case .asTyped: ct_begin(descriptor, CT_AS_TYPED)
        case .hidden: ct_begin(descriptor, CT_HIDDEN)
        case .waiting: ct_begin(descriptor, CT_WAITING)
        case .keys: ct_begin(descriptor, CT_KEYS)
        }
    }

    /// Asks the terminal to put marks around pastes, until the mode is restored.
    /// - Parameter descriptor: Where to write that request.
    package static func markPastes(on descriptor: CInt) {
        ct_mark_pastes(descriptor)
    }

    /// Restores the original mode; a signal handler may call it, and it may be repeated.
    package static func end() {
        ct_end()
    }

    /// Changes the mode if that was not possible before, and drops hidden keys.
    package static func refresh() {
        ct_refresh()
    }

    /// Whether the program was stopped and continued since the last call: a shell has written
    /// since.
    package static func takeContinuation() -> Bool {
        ct_take_continuation()
    }

    /// Stops the program as Ctrl-Z does, with the mode restored, and returns when it continues.
    package static func suspend() {
        ct_suspend()
    }
}
