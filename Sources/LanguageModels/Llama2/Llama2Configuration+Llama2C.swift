// What llama2.c's program has fixed, and its files therefore have no place for.

extension Llama2Configuration {
    /// What llama2.c's header cannot hold of this model, each in a few words; empty where its files
    /// hold all of it.
    public var differencesFromLlama2C: [String] {
        var differences: [String] = []
        if headSize * headCount != channels {
            differences.append("heads of \(headSize) channels, \(headCount) in \(channels)")
        }
        if ropeTheta != Self.llama2Theta {
            differences.append("a theta of \(ropeTheta), only \(Self.llama2Theta)")
        }
        if ropeScaling != .none {
            differences.append("scaled rotary positions ('\(ropeScaling.name)')")
        }
        if normEpsilon != Self.llama2Epsilon {
            differences.append("an epsilon of \(normEpsilon), only \(Self.llama2Epsilon)")
        }
        return differences
    }

    /// The base of wavelengths that Llama 2 has, and llama2.c computes with.
    public static let llama2Theta: Float = 10_000
    /// What llama2.c adds to the mean of squares.
    public static let llama2Epsilon: Float = 1e-5
}
