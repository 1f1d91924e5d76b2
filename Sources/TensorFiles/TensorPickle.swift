// The pickle inside PyTorch's files, as far as it describes tensors. A pickle is a program for a
// stack machine that can call anything in Python; this machine knows the instructions and the few
// names that a dictionary of tensors needs, calls nothing, and stops at the first it does not know.

/// The machine that runs a pickle of protocol 2.
struct TensorPickle {
    /// Why a pickle was not run to its end.
    struct Refusal: Error {
        /// The instruction, as an index of the pickle's bytes.
        let offset: Int
        let reason: String
    }

    /// The names that mean something here.
    fileprivate enum Global: Equatable {
        case orderedDictionary
        case rebuildTensor
        case rebuildParameter
        case storage(StoredType)

        init?(module: String, name: String) {
            switch (module, name) {
            case ("collections", "OrderedDict"): self = .orderedDictionary
            case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
            case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
            case ("torch", let name):
                guard let type = Self.storageTypes[name] else { return nil }
                self = .storage(type)
            default: return nil
            }
        }

        private static let storageTypes: [String: StoredType] = [
            "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
            "DoubleStorage": .float64, "LongStorage": .int64, "IntStorage": .int32,
            "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
            "BoolStorage": .boolean,
        ]
    }

    /// What is on the stack.
    ///
    /// Only what models need is kept of a value, so only tuples and dictionaries nest, and they
    /// know how deep: a chain of millions could not be freed without overflowing the stack.
    fileprivate enum Value {
        case integer(Int)
        case text(String)
        case tuple([Value], depth: Int)
        case dictionary(PickledDictionary)
        /// A list, whose elements are forgotten.
        case list
        case global(Global)
        case storage(PickledTensor.Storage)
        indirect case tensor(PickledTensor)
        case boolean(Bool)
        /// None or a float.
        case other
        /// A dictionary or list in the memo. Recalling it would require the same object on the
        /// stack, which no file of tensors needs.
        case shared
    }

    // Files of tensors stay far below these; they limit what a hostile one can take.
    private static let largestStack = 1 << 16
    private static let deepestTuple = 4
    private static let deepestDictionary = 8
    private static let largestRank = 16

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var instruction = 0
    private var stack: [Value] = []
    /// Where the stack was at each mark.
    private var marks: [Int] = []
    private var memo: [Int: Value] = [:]

    /// Runs a pickle to its end.
    /// - Returns: The dictionary it makes.
    /// - Throws: ``Refusal``.
    static func dictionary(in bytes: UnsafeRawBufferPointer) throws -> PickledDictionary {
        var machine = TensorPickle(bytes: bytes)
        while try machine.step() {}
        guard machine.marks.isEmpty, machine.stack.count == 1,
            case .dictionary(let dictionary)? = machine.stack.first
        else { throw machine.refusal("does not make a dictionary") }
        return dictionary
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private func refusal(_ reason: String) -> Refusal {
        Refusal(offset: instruction, reason: reason)
    }

    // MARK: Instructions

    /// Runs one instruction; false when it was the last.
    private mutating func step() throws -> Bool {
        instruction = offset
        let code = try take(1)[0]
        switch Unicode.Scalar(code) {
        case "\u{80}":  // PROTO
            let version = try take(1)[0]
            guard version == 2 else { throw refusal("is of protocol \(version) instead of 2") }
        case ".": return false  // STOP
        case "N": try push(.other)  // NONE
        case "\u{88}": try push(.boolean(true))  // NEWTRUE
        case "\u{89}": try push(.boolean(false))  // NEWFALSE
        case "G":  // BINFLOAT
            _ = try take(8)
            try push(.other)
        case "K": try push(.integer(integer(1)))  // BININT1
        case "M": try push(.integer(integer(2)))  // BININT2
        case "J": try push(.integer(Int(Int32(truncatingIfNeeded: integer(4)))))  // BININT
        case "\u{8A}": try push(.integer(longInteger()))  // LONG1
        case "X": try push(.text(text(try take(integer(4)))))  // BINUNICODE
        case "(": marks.append(stack.count)  // MARK
        case ")": try push(.tuple([], depth: 1))  // EMPTY_TUPLE
        case "t": try pushTuple(popToMark())  // TUPLE
        case "\u{85}", "\u{86}", "\u{87}":  // TUPLE1, TUPLE2, TUPLE3
            let values = try (0..<Int(code) - 0x84).map { _ in try pop() }
            try pushTuple(values.reversed())
        case "]": try push(.list)  // EMPTY_LIST
        case "a": try popIntoList(count: 1)  // APPEND
        case "e": try popIntoList(count: 0, toMark: true)  // APPENDS
        case "}": try push(.dictionary(PickledDictionary()))  // EMPTY_DICT
        case "s":  // SETITEM
            let value = try pop()
            try setItems([pop(), value])
        case "u": try setItems(popToMark())  // SETITEMS
        case "c": try push(.global(global()))  // GLOBAL
        case "Q": try push(.storage(storage(pop())))  // BINPERSID
        case "R":  // REDUCE
            let arguments = try pop()
            try push(call(pop(), arguments))
        case "b":  // BUILD: the state of a dictionary, which holds versions of layers
            _ = try pop()
            guard case .dictionary? = stack.last else {
                throw refusal("sets the state of something other than a dictionary")
            }
        case "q": try remember(integer(1))  // BINPUT
        case "r": try remember(integer(4))  // LONG_BINPUT
        case "h": try recall(integer(1))  // BINGET
        case "j": try recall(integer(4))  // LONG_BINGET
        default: throw refusal("has the instruction \(code), which tensors do not need")
        }
        return true
    }

    // MARK: Operands

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= bytes.count - offset else { throw refusal("ends too early") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// An unsigned little-endian integer.
    private mutating func integer(_ byteCount: Int) throws -> Int {
        try take(byteCount).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// A signed little-endian integer whose length precedes it.
    private mutating func longInteger() throws -> Int {
        let count = try integer(1)
        guard count <= 8 else { throw refusal("has an integer of \(count) bytes") }
        let bits = try take(count).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        // The sign is the topmost bit of the bytes that are there.
        let unused = UInt64(64 - 8 * count)
        return count == 0 ? 0 : Int(Int64(bitPattern: bits << unused) >> Int64(unused))
    }

    private func text(_ bytes: UnsafeRawBufferPointer) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal("has a text that is not UTF-8")
        }
        return text
    }

    private mutating func line() throws -> String {
        guard let end = bytes[offset...].firstIndex(of: 0x0A) else {
            throw refusal("ends too early")
        }
        let line = try text(take(end - offset))
        offset += 1
        return line
    }

    private mutating func global() throws -> Global {
        let (module, name) = (try line(), try line())
        guard let global = Global(module: module, name: name) else {
            throw refusal("asks for \(module.prefix(64)).\(name.prefix(64))")
        }
        return global
    }

    // MARK: The stack

    private mutating func push(_ value: Value) throws {
        guard stack.count < Self.largestStack else { throw refusal("has too many values at once") }
        stack.append(value)
    }

    private mutating func pop() throws -> Value {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw refusal("takes a value that is not there")
        }
        return value
    }

    private mutating func popToMark() throws -> [Value] {
        guard let mark = marks.popLast() else { throw refusal("takes a mark that is not there") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    private mutating func pushTuple(_ values: [Value]) throws {
        let depth = values.reduce(1) { depth, value in
            guard case .tuple(_, let inner) = value else { return depth }
            return max(depth, inner + 1)
        }
        guard depth <= Self.deepestTuple else { throw refusal("has tuples nested too deep") }
        try push(.tuple(values, depth: depth))
    }

    private mutating func popIntoList(count: Int, toMark: Bool = false) throws {
        if toMark { _ = try popToMark() }
        for _ in 0..<count { _ = try pop() }
        guard stack.count > marks.last ?? 0, case .list? = stack.last else {
            throw refusal("appends to something other than a list")
        }
    }

    /// Adds keys and values, which alternate, to the dictionary on the stack.
    private mutating func setItems(_ items: [Value]) throws {
        guard stack.count > marks.last ?? 0, case .dictionary(let dictionary)? = stack.last,
            items.count % 2 == 0
        else { throw refusal("adds entries to something other than a dictionary") }
        for index in stride(from: 0, to: items.count, by: 2) {
            guard case .text(let key) = items[index], let value = items[index + 1].kept else {
                continue
            }
            guard dictionary.entries.count < Self.largestStack else {
                throw refusal("has too many tensors")
            }
            dictionary.append(key, value)
            guard dictionary.depth <= Self.deepestDictionary else {
                throw refusal("has dictionaries nested too deep")
            }
        }
    }

    private mutating func remember(_ index: Int) throws {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw refusal("remembers a value that is not there")
        }
        switch value {
        case .dictionary, .list: memo[index] = .shared
        default: memo[index] = value
        }
    }

    private mutating func recall(_ index: Int) throws {
        guard let value = memo[index] else { throw refusal("recalls a value that is not there") }
        if case .shared = value { throw refusal("uses a dictionary or list twice") }
        try push(value)
    }

    // MARK: Tensors

    /// The storage that a persistent identifier names: `("storage", type, key, device, count)`.
    private func storage(_ identifier: Value) throws -> PickledTensor.Storage {
        guard case .tuple(let parts, _) = identifier, parts.count == 5,
            case .text("storage") = parts[0], case .global(.storage(let type)) = parts[1],
            case .text(let key) = parts[2], case .integer(let count) = parts[4], count >= 0
        else { throw refusal("refers to something other than a tensor's elements") }
        return PickledTensor.Storage(key: key, storedType: type, count: count)
    }

    /// The result of a call to one of the known names.
    private func call(_ function: Value, _ arguments: Value) throws -> Value {
        guard case .global(let global) = function, case .tuple(let parts, _) = arguments else {
            throw refusal("calls something that is not a function")
        }
        switch global {
        case .orderedDictionary where parts.isEmpty:
            return .dictionary(PickledDictionary())
        case .rebuildTensor where (6...7).contains(parts.count):
            // Then whether it requires a gradient, hooks and metadata: all for training.
            guard case .storage(let storage) = parts[0], case .integer(let offset) = parts[1] else {
                throw refusal("makes a tensor of something other than its elements")
            }
            return .tensor(
                PickledTensor(
                    storage: storage,
                    offset: offset,
                    shape: try integers(parts[2]),
                    strides: try integers(parts[3])
                )
            )
        case .rebuildParameter where parts.count == 3:
            guard case .tensor = parts[0] else {
                throw refusal("makes a parameter of something other than a tensor")
            }
            return parts[0]
        default:
            throw refusal("calls a function with unexpected arguments")
        }
    }

    private func integers(_ value: Value) throws -> [Int] {
        guard case .tuple(let parts, _) = value, parts.count <= Self.largestRank else {
            throw refusal("has a tensor without a shape")
        }
        return try parts.map { part in
            guard case .integer(let integer) = part else {
                throw refusal("has a tensor without a shape")
            }
            return integer
        }
    }
}

extension TensorPickle.Value {
    /// The value as an entry of a dictionary, if it is of a kind that is kept.
    fileprivate var kept: PickledValue? {
        switch self {
        case .integer(let integer): .integer(integer)
        case .boolean(let boolean): .boolean(boolean)
        case .dictionary(let dictionary): .dictionary(dictionary)
        case .tensor(let tensor): .tensor(tensor)
        case .text, .tuple, .list, .global, .storage, .other, .shared: nil
        }
    }
}
