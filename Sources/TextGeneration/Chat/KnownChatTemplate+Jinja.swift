// The known forms as templates for other programs, where a model comes without one.

extension KnownChatTemplate {
    /// The template in Jinja, as Hugging Face's and llama.cpp's programs run it.
    ///
    /// It gives the tokens that this gives, as far as the messages have no names of special tokens
    /// in them: those programs take what a user writes for tokens.
    public var jinja: String {
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

    /// A part of what an expression puts together.
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

    /// What writes some terms.
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

    /// A text as Jinja has it in an expression.
    private static func literal(_ text: String) -> String {
        // By scalars: an accent may stand on a quote.
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
