// Passing over JSON that nobody asked for.

extension JSONCursor {
    /// Passes over a value, of which nothing is kept.
    package mutating func skip() throws {
        switch next {
        case UInt8(ascii: "{"):
            try uncheckedMembers { cursor in
                var name: [UInt8] = []
                try cursor.name(into: &name)
                try cursor.skip()
            }
        case UInt8(ascii: "["):
            try elements { try $0.skip() }
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try string(into: &text)
        default:
            if accept("null") || accept("true") || accept("false") { return }
            // As Python writes what JSON has no words for.
            if accept("NaN") || accept("Infinity") || accept("-Infinity") { return }
            _ = try number()
        }
    }
}
