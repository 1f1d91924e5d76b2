// The steps around a model in a tokenizer.json, as this project writes them: what
// TokenizerJSON+Pipeline.swift reads.

import FileIO

/// The steps for a description, in JSON.
struct TokenizerSteps {
    private let description: TokenizerDescription
    private var isByteLevel: Bool { description.kind == .byteLevel }

    init(_ description: TokenizerDescription) {
        self.description = description
    }

    private static let spaceMark = "\"\u{2581}\""

    private static func sequence(_ key: String, _ steps: [String]) -> String {
        "{\"type\": \"Sequence\", \"\(key)\": [\(steps.joined(separator: ", "))]}"
    }

    /// What is done to characters.
    var normalizer: String {
        if isByteLevel { return description.normalization == .nfc ? "{\"type\": \"NFC\"}" : "null" }
        if description.marksSpacesLate { return "null" }
        let prepend = "{\"type\": \"Prepend\", \"prepend\": \(Self.spaceMark)}"
        let replace =
            "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, "
            + "\"content\": \(Self.spaceMark)}"
        let steps = description.spacePrefix == .never ? [replace] : [prepend, replace]
        return Self.sequence("normalizers", steps)
    }

    /// How text is cut into words.
    var preTokenizer: String {
        guard isByteLevel else {
            guard description.marksSpacesLate else { return "null" }
            let scheme =
                switch description.spacePrefix {
                case .never: "never"
                case .first: "first"
                case .always: "always"
                }
            return "{\"type\": \"Metaspace\", \"replacement\": \(Self.spaceMark), "
                + "\"prepend_scheme\": \"\(scheme)\", "
                + "\"split\": \(description.splitting == .spaces)}"
        }
        func byteLevel(usesPattern: Bool) -> String {
            "{\"type\": \"ByteLevel\", \"add_prefix_space\": "
                + "\(description.spacePrefix != .never), "
                + "\"trim_offsets\": true, \"use_regex\": \(usesPattern)}"
        }
        switch description.splitting {
        case .gpt2: return byteLevel(usesPattern: true)
        case .none, .spaces: return byteLevel(usesPattern: false)
        case .singleDigits:
            let digits = "{\"type\": \"Digits\", \"individual_digits\": true}"
            return Self.sequence("pretokenizers", [digits, byteLevel(usesPattern: true)])
        case .llama3, .qwen2:
            let pattern = JSONText.quoted(description.splitting.pattern ?? "")
            let split =
                "{\"type\": \"Split\", \"pattern\": {\"Regex\": \(pattern)}, "
                + "\"behavior\": \"Isolated\", \"invert\": false}"
            return Self.sequence("pretokenizers", [split, byteLevel(usesPattern: false)])
        }
    }

    /// What is put around the ids of a text.
    var postProcessor: String {
        guard description.addsStartOfText, let start = description.startOfText else {
            guard isByteLevel else { return "null" }
            return "{\"type\": \"ByteLevel\", \"add_prefix_space\": true, "
                + "\"trim_offsets\": false, \"use_regex\": true}"
        }
        let text = String(decoding: description.tokens[Int(start)], as: UTF8.self)
        let name = JSONText.quoted(text)
        func token(_ type: Int) -> String {
            "{\"SpecialToken\": {\"id\": \(name), \"type_id\": \(type)}}"
        }
        func sequence(_ id: String, _ type: Int) -> String {
            "{\"Sequence\": {\"id\": \"\(id)\", \"type_id\": \(type)}}"
        }
        let pair = [token(0), sequence("A", 0), token(1), sequence("B", 1)]
        return "{\"type\": \"TemplateProcessing\", "
            + "\"single\": [\(token(0)), \(sequence("A", 0))], "
            + "\"pair\": [\(pair.joined(separator: ", "))], "
            + "\"special_tokens\": {\(name): {\"id\": \(name), \"ids\": [\(start)], "
            + "\"tokens\": [\(name)]}}}"
    }

    /// How ids become text.
    var decoder: String {
        if isByteLevel {
            return "{\"type\": \"ByteLevel\", \"add_prefix_space\": true, "
                + "\"trim_offsets\": true, \"use_regex\": true}"
        }
        var steps = [
            "{\"type\": \"Replace\", \"pattern\": {\"String\": \(Self.spaceMark)}, "
                + "\"content\": \" \"}",
            "{\"type\": \"ByteFallback\"}", "{\"type\": \"Fuse\"}",
        ]
        if description.spacePrefix != .never {
            steps.append("{\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}")
        }
        return Self.sequence("decoders", steps)
    }
}
