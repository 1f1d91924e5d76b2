// The requests that can be made, and how.

/// The endpoints of a server, by path; `other` is everything else.
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

    /// The endpoint of a path.
    init(path: String) {
        if path.hasPrefix(Self.modelPrefix), path != Self.modelPrefix {
            self = .model
        } else if path == Self.model.rawValue || path == Self.other.rawValue {
            self = .other
        } else {
            self = Endpoint(rawValue: path) ?? .other
        }
    }

    /// The prefix of a model's name.
    static let modelPrefix = "/v1/models/"

    /// The one method it answers to; HEAD counts as GET.
    var method: String {
        switch self {
        case .page, .health, .metrics, .models, .model, .other: "GET"
        case .chatCompletions, .completions, .tokenize, .detokenize: "POST"
        }
    }

    /// Whether it needs no key: monitoring has none, and the page asks for it.
    var isOpen: Bool { self == .page || self == .health }

    /// Whether the model generates text for it.
    var isGeneration: Bool { self == .chatCompletions || self == .completions }
}
