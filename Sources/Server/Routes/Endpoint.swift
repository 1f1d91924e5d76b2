// What can be asked for, and how.

/// The places of a server, by their paths; `other` is everywhere else.
enum Endpoint: String, CaseIterable, Sendable {
    case page = "/"
    case health = "/health"
    case metrics = "/metrics"
    case models = "/v1/models"
    case model = "/v1/models/{model}"
    case chatCompletions = "/v1/chat/completions"
    case completions = "/v1/completions"
    case tokenize = "/tokenize"
    case detokenize = "/detokenize"
    case other

    /// The place of a path.
    init(path: String) {
        if path.hasPrefix(Self.modelPrefix), path != Self.modelPrefix {
            self = .model
        } else if path == Self.model.rawValue || path == Self.other.rawValue {
            self = .other
        } else {
            self = Endpoint(rawValue: path) ?? .other
        }
    }

    /// What stands before the name of a model.
    static let modelPrefix = "/v1/models/"

    /// The one method it answers to; HEAD is as GET.
    var method: String {
        switch self {
        case .page, .health, .metrics, .models, .model, .other: "GET"
        case .chatCompletions, .completions, .tokenize, .detokenize: "POST"
        }
    }

    /// Whether anybody may ask: what watches over servers has no key, and the page asks for it.
    var isOpen: Bool { self == .page || self == .health }

    /// Whether the model writes for it.
    var isGeneration: Bool { self == .chatCompletions || self == .completions }
}
