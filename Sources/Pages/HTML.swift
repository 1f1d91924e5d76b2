// Markup that cannot be broken by what is put into it: text becomes markup only by being escaped.

/// A piece of markup, well-formed as XML too.
///
/// Literals are markup; a string interpolated into one is text and is escaped.
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

    /// A file of markup, as it is.
    package init(_ asset: PageAsset) {
        source = asset.text
    }

    /// A path with what stands before its last part set back.
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

        /// Takes a style or a script as it is, in a section that neither HTML nor XML looks into
        /// for markup.
        package mutating func appendInterpolation(verbatim asset: PageAsset) {
            source += "/*<![CDATA[*/\n\(asset.text)/*]]>*/\n"
        }

        /// Takes JSON as it is, which has no markup in it.
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
