// The face that a text being generated has for tasks.

/// Asks for one piece of a text after the other, and leaves out those that are empty.
///
/// The pieces are made by whoever asks for them, where they run: at the top level of a program that
/// is the main thread. In a program of many tasks, ``AsyncTextGenerator`` keeps the model off the
/// threads that they share.
public struct PieceIterator: AsyncIteratorProtocol {
    private let makePiece: () throws -> String?

    /// Takes what makes the next piece, or gives nil at the end.
    init(_ makePiece: @escaping () throws -> String?) {
        self.makePiece = makePiece
    }

    public func next(isolation actor: isolated (any Actor)?) async throws -> String? {
        try nextPiece()
    }

    /// The next piece that is not empty; nil at the end, or when the task that asks is canceled.
    func nextPiece() throws -> String? {
        while !Task.isCancelled {
            guard let piece = try makePiece() else { return nil }
            if !piece.isEmpty { return piece }
        }
        return nil
    }
}
