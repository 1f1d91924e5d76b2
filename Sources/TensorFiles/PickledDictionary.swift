// What is kept of a pickle: dictionaries of tensors and of the few other values that describe a
// model. None of it is checked against the file that the pickle is in.

/// A tensor as a pickle describes it, unchecked.
struct PickledTensor {
    /// A run of elements, which several tensors may share.
    struct Storage {
        /// The name of the zip entry that holds the elements.
        let key: String
        let storedType: StoredType
        let count: Int
    }

    let storage: Storage
    /// The element of the storage that comes first.
    let offset: Int
    let shape: [Int]
    /// How many elements lie between neighbors on each axis.
    let strides: [Int]
}

/// A value of a dictionary that is kept.
enum PickledValue {
    indirect case tensor(PickledTensor)
    case dictionary(PickledDictionary)
    case integer(Int)
    case boolean(Bool)
}

/// A dictionary of a pickle, without the entries that have other keys than texts or other values.
///
/// An object, so that a long one can grow entry by entry without being copied. It is filled before
/// it becomes a part of another one, and so no dictionary is a part of itself.
final class PickledDictionary {
    /// The entries, in order; a key may stand there twice.
    private(set) var entries: [(key: String, value: PickledValue)] = []
    /// How many dictionaries there are in one another, this one included.
    private(set) var depth = 1

    /// Adds an entry.
    func append(_ key: String, _ value: PickledValue) {
        if case .dictionary(let inner) = value { depth = max(depth, inner.depth + 1) }
        entries.append((key, value))
    }

    /// The last value of a key.
    subscript(key: String) -> PickledValue? { entries.last { $0.key == key }?.value }

    /// The dictionary of a key.
    func dictionary(_ key: String) -> PickledDictionary? {
        if case .dictionary(let inner)? = self[key] { inner } else { nil }
    }

    /// The tensors in it, in order.
    var tensors: [(name: String, tensor: PickledTensor)] {
        entries.compactMap { key, value in
            if case .tensor(let tensor) = value { (key, tensor) } else { nil }
        }
    }
}
