// The known forms as Jinja templates for other programs, for models that come without one.

extension KnownChatTemplate {
    /// The template in Jinja, as Hugging Face's and llama.cpp's programs run it.
    ///
    /// It gives the same tokens as this type, unless messages contain names of special tokens:
    /// those programs turn a user's text into special tokens.
    package var jinja: String {
        if form == .llama2 { return llama2Jinja }
        let content = "message['content']" + (stripsMessages ? " | trim" : "")
        func written(_ role: ChatMessage.Role, _ content: Term) -> String {
            let opening = (form.opening(role) ?? []).map(Term.init)
            return Self.output(opening + [content] + form.closing(role).map(Term.init))
        }
        var lines = startsWithStartOfText ? ["{{- bos_token -}}"] : []
        if let defaultSystem {
            lines += [
                "{%- if messages[0]['role'] != 'system' -%}",
                written(.system, .text(defaultSystem)), "{%- endif -%}",
            ]
        }
        lines += [
            "{%- for message in messages -%}", "{%- if message['role'] == 'system' -%}",
            written(.system, .code(content)), "{%- elif message['role'] == 'user' -%}",
            written(.user, .code(content)), "{%- else -%}",
            written(.assistant, .code(content)), "{%- endif -%}", "{%- endfor -%}",
            "{%- if add_generation_prompt -%}",
            Self.output((form.opening(.assistant) ?? []).map(Term.init)), "{%- endif -%}",
        ]
        return lines.joined(separator: "\n")
    }

    /// A part of what an expression concatenates.
    private enum Term {
        case text(String)
        case code(String)

        init(_ piece: ChatForm.Piece) {
            self =
                switch piece {
                case .text(let text), .marker(let text): .text(text)
                case .endOfText: .code("eos_token")
                }
        }
    }

    /// A statement that outputs some terms.
    private static func output(_ terms: [Term]) -> String {
        var parts: [String] = []
        var text = ""
        for term in terms + [.code("")] {
            switch term {
            case .text(let more): text += more
            case .code(let code):
                if !text.isEmpty { parts.append(literal(text)) }
                if !code.isEmpty { parts.append(code) }
                text = ""
            }
        }
        return "{{- " + parts.joined(separator: " + ") + " -}}"
    }

    private var llama2Jinja: String {
        let other = Self.literal(defaultSystem ?? "")
        return """
            {%- set system = messages[0]['content'] if messages[0]['role'] == 'system' \
            else \(defaultSystem == nil ? "none" : other) -%}
            {%- for message in messages if message['role'] != 'system' -%}
            {%- set content = message['content'] -%}
            {%- if loop.first and system is not none -%}
            {%- set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + content -%}
            {%- endif -%}
            {%- if message['role'] == 'user' -%}
            {{- bos_token + '[INST] ' + content | trim + ' [/INST]' -}}
            {%- else -%}
            {{- ' ' + content | trim + ' ' + eos_token -}}
            {%- endif -%}
            {%- endfor -%}
            """
    }

    /// A text as a Jinja string literal.
    private static func literal(_ text: String) -> String {
        // By scalars, because a combining accent may follow a quote.
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\\": "\\\\"
            case "'": "\\'"
            case "\n": "\\n"
            case "\r": "\\r"
            default: String(scalar)
            }
        }
        return "'" + escaped.joined() + "'"
    }
}
