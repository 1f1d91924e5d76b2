/// How often tokens occurred, kept up to date token by token.
struct TokenCounts: Sendable {
    /// Tokens that occurred, in no order, and how often.
    private(set) var entries: [(token: Int32, count: Int32)] = []
    /// Only this many of the last tokens count; 0 is all.
    private let window: Int
    /// Where each token's entry is; -1 without one.
    private var places: [Int32] = []
    /// With a window, the tokens in it: the oldest at ``oldest``, once it is full.
    private var recent: [Int32] = []
    private var oldest = 0

    init(window: Int = 0) {
        self.window = window
    }

    /// Forgets all tokens.
    mutating func removeAll() {
        for (token, _) in entries { places[Int(token)] = -1 }
        entries.removeAll(keepingCapacity: true)
        recent.removeAll(keepingCapacity: true)
        oldest = 0
    }

    /// Takes the next token, in whose place the oldest leaves a full window.
    mutating func add(_ token: Int32) {
        precondition(token >= 0, "token \(token) among those that occurred")
        count(token)
        guard window > 0 else { return }
        if recent.count < window {
            recent.append(token)
        } else {
            discount(recent[oldest])
            recent[oldest] = token
            oldest = (oldest + 1) % window
        }
    }

    private mutating func count(_ token: Int32) {
        let token = Int(token)
        if token >= places.count {
            places += repeatElement(-1, count: token + 1 - places.count)
        }
        let place = Int(places[token])
        if place >= 0 {
            entries[place].count += 1
        } else {
            places[token] = Int32(entries.count)
            entries.append((Int32(token), 1))
        }
    }

    private mutating func discount(_ token: Int32) {
        let place = Int(places[Int(token)])
        entries[place].count -= 1
        guard entries[place].count == 0 else { return }
        // The last entry takes its place.
        places[Int(token)] = -1
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[Int(last.token)] = Int32(place)
    }
}
