// Markup that cannot be broken by what is inserted: text only becomes markup by being escaped.

/// A piece of markup, well-formed as XML too.
///
/// Literals are markup; an interpolated string is text and is escaped.
package struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
    /// The markup itself.
    package private(set) var source: String

    package init(stringLiteral source: String) {
        self.source = source
    }

    package init(stringInterpolation: StringInterpolation) {
        source = stringInterpolation.source
    }

    /// Pieces one after the other.
    package init(_ pieces: some Sequence<HTML>) {
        source = pieces.map(\.source).joined()
    }

    /// A file of markup, unchanged.
    package init(_ asset: PageAsset) {
        source = asset.text
    }

    /// A path, with everything before its last part in a muted style.
    package static func path(_ name: String) -> HTML {
        guard let slash = name.lastIndex(of: "/"), name[slash...].count > 1 else {
            return "\(name)"
        }
        let parent = name[..<slash] + " / "
        return """
            <span class="parent">\(String(parent))</span>\(String(name[slash...].dropFirst()))
            """
    }

    package static func + (left: HTML, right: HTML) -> HTML {
        HTML([left, right])
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity)
        }

        package mutating func appendLiteral(_ literal: String) {
            source += literal
        }

        package mutating func appendInterpolation(_ markup: HTML) {
            source += markup.source
        }

        package mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { source += piece.source }
        }

        /// Inserts a style or a script unchanged, in a section where neither HTML nor XML looks for
        /// markup.
        package mutating func appendInterpolation(verbatim asset: PageAsset) {
            source += "/*<![CDATA[*/\n\(asset.text)/*]]>*/\n"
        }

        /// Inserts JSON unchanged, which contains no markup.
        mutating func appendInterpolation(json: String) {
            source += json
        }

        package mutating func appendInterpolation(_ number: Int) {
            source += String(number)
        }

        package mutating func appendInterpolation(_ text: String) {
            for scalar in text.unicodeScalars { append(escaping: scalar) }
        }

        private mutating func append(escaping scalar: Unicode.Scalar) {
            switch scalar {
            case "&": source += "&amp;"
            case "<": source += "&lt;"
            case ">": source += "&gt;"
            case "\"": source += "&quot;"
            case "'": source += "&#39;"
            case "\n", "\t": source.unicodeScalars.append(scalar)
            // Control characters and noncharacters, which neither HTML nor XML may contain.
            case "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                source += "\u{FFFD}"
            default: source.unicodeScalars.append(scalar)
            }
        }
    }
}
