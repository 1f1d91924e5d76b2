// What somebody at a keyboard does, whatever bytes the terminal makes of it.

/// A key, or a text that was pasted as one.
package enum Key: Equatable, Sendable {
    /// A character that stands for itself.
    case text(Character)
    /// A text that arrived as one; its line ends are line feeds.
    case paste(String)
    /// A letter with Ctrl, in lower case.
    case control(Character)
    /// A character with Alt, or after Escape.
    case alt(Character)
    /// Sends the line.
    case enter
    /// Enter with Shift or Alt: a line end within the text.
    case lineEnd
    case tab
    case backspace
    case delete
    case left
    case right
    case up
    case down
    case home
    case end
    case wordLeft
    case wordRight
    case deleteWord
}
