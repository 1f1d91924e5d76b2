// Recognizes a model's own template, a program in Jinja, as one of the known forms. It is not run:
// what it writes around messages gives away the form, and its texts what the form leaves open.
// Jinja is only understood well enough to tell texts from program.

extension KnownChatTemplate {
    /// Recognizes the form of a model's own template.
    ///
    /// - Parameter jinja: The template, as `tokenizer_config.json`, `chat_template.jinja` or GGUF's
    ///   `tokenizer.chat_template` have it. The result is nil if its form is unknown.
    package init?(jinja: String) {
        // It has no markers to be recognized by, but it is ours.
        let plain = Self(.plain)
        if jinja == plain.jinja {
            self = plain
            return
        }
        guard let form = ChatForm(jinja: jinja) else { return nil }
        self.init(
            form,
            defaultSystem: form.defaultSystem(in: JinjaText(jinja)),
            startsWithStartOfText: form.startsWithStartOfText || jinja.contains("bos_token"),
            stripsMessages: form.stripsMessages
                || ["|trim", "| trim", ".strip()"].contains(where: jinja.contains)
        )
    }
}

extension ChatForm {
    init?(jinja: String) {
        func has(_ names: String...) -> Bool { names.allSatisfy(jinja.contains) }
        if has("<|im_start|>") {
            self = .chatml
        } else if has("[INST]") {
            self = .llama2
        } else if has("<|start_header_id|>", "<|end_header_id|>") {
            self = .llama3
        } else if has("<|user|>", "<|assistant|>"), has("</s>") || has("eos_token") {
            self = .zephyr
        } else {
            return nil
        }
    }

    /// The default system prompt of a template, if it has one.
    ///
    /// It is either between the markers of a system message, or assigned to a name such as
    /// `default_system_message`, or to any name in the branch for conversations without a system
    /// message.
    func defaultSystem(in jinja: JinjaText) -> String? {
        if let opening = opening(.system) {
            let start = opening.map(\.name).joined()
            for text in jinja.texts {
                guard let range = text.firstRange(of: start) else { continue }
                let rest = text[range.upperBound...]
                let end = ["<|im_end|>", "<|eot_id|>", "</s>"]
                    .compactMap { rest.firstRange(of: $0)?.lowerBound }.min()
                let found = rest[..<(end ?? rest.endIndex)]
                if !found.allSatisfy(\.isWhitespace) { return String(found) }
            }
        }
        return jinja.assignments.first { assignment in
            assignment.name.contains("system") && !assignment.text.isEmpty
                && (assignment.isElse || assignment.name.contains("default"))
        }?.text
    }
}

extension ChatForm.Piece {
    fileprivate var name: String {
        switch self {
        case .text(let text), .marker(let text): text
        case .endOfText: ""
        }
    }
}

/// A template's texts, in order.
struct JinjaText {
    /// A text that is assigned to a name: `{% set NAME = 'TEXT' %}`.
    struct Assignment: Equatable {
        let name: String
        let text: String
        /// Whether it directly follows `{% else %}`.
        let isElse: Bool
    }

    /// Literal output, and the strings in expressions and statements.
    private(set) var texts: [String] = []
    private(set) var assignments: [Assignment] = []
    /// The first word of the previous statement.
    private var previous = ""

    /// Reads a template; an incomplete one is read as far as it goes.
    init(_ template: String) {
        var reader = Reader(bytes: Array(template.utf8)[...])
        while !reader.bytes.isEmpty {
            let text = reader.take(upTo: ["{%", "{{", "{#"])
            if !text.isEmpty { texts.append(text) }
            switch reader.bytes.dropFirst().first {
            case UInt8(ascii: "#"): _ = reader.take(upTo: ["#}"])
            case UInt8(ascii: "%"): addStatement(reader.block(end: "%}"))
            case UInt8(ascii: "{"): texts += reader.block(end: "}}").strings
            default: return
            }
            reader.bytes = reader.bytes.dropFirst(2)
        }
    }

    private mutating func addStatement(_ block: (code: String, strings: [String])) {
        texts += block.strings
        let words = block.code.split { " \t\r\n=-+{%".contains($0) }
        if words.count == 2, words[0] == "set", block.strings.count == 1 {
            let isElse = previous == "else"
            assignments.append(
                Assignment(name: String(words[1]), text: block.strings[0], isElse: isElse)
            )
        }
        previous = words.first.map(String.init) ?? ""
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        /// Takes everything before the first of some marks, or all.
        mutating func take(upTo marks: [String]) -> String {
            let marks = marks.map { Array($0.utf8) }
            var end = bytes.startIndex
            while end < bytes.endIndex, !marks.contains(where: bytes[end...].starts) { end += 1 }
            defer { bytes = bytes[end...] }
            return String(decoding: bytes[..<end], as: UTF8.self)
        }

        /// Takes a block up to its end.
        /// - Returns: What it contains besides strings, and the strings.
        mutating func block(end: String) -> (code: String, strings: [String]) {
            var code: [UInt8] = []
            var strings: [String] = []
            while let byte = bytes.first, !bytes.starts(with: end.utf8) {
                bytes = bytes.dropFirst()
                if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                    strings.append(string(quote: byte))
                } else {
                    code.append(byte)
                }
            }
            return (String(decoding: code, as: UTF8.self), strings)
        }

        /// Takes a string up to and including its closing quote.
        private mutating func string(quote: UInt8) -> String {
            var text: [UInt8] = []
            while let byte = bytes.popFirst(), byte != quote {
                guard byte == UInt8(ascii: "\\"), let escaped = bytes.popFirst() else {
                    text.append(byte)
                    continue
                }
                switch escaped {
                case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
                case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""):
                    text.append(escaped)
                default: text += [byte, escaped]
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
