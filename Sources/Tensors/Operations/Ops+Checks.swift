// What operations require of their arguments. A tensor of the wrong shape or type is a programmer's
// error and stops the program, showing both shapes or types.

/// Element types that an argument may have.
struct ElementTypes: OptionSet {
    let rawValue: Int

    static let float32 = ElementTypes(rawValue: 1 << 0)
    static let bfloat16 = ElementTypes(rawValue: 1 << 1)
    static let int32 = ElementTypes(rawValue: 1 << 2)
    static let blocks = ElementTypes(rawValue: 1 << 3)
    static let float16 = ElementTypes(rawValue: 1 << 4)

    /// Types of activations.
    static let floats: ElementTypes = [.float32, .bfloat16]
    /// Types of a linear layer's weights.
    static let weights: ElementTypes = [.floats, .float16, .blocks]

    init(rawValue: Int) { self.rawValue = rawValue }

    /// The set that `type` belongs to.
    init(_ type: ElementType) {
        self =
            switch type {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            case .int32: .int32
            case .q8_0, .q8_f32, .q4_0, .q4_1: .blocks
            }
    }

    func contains(_ type: ElementType) -> Bool { contains(ElementTypes(type)) }

    /// The names of the types, for messages.
    var names: String {
        ElementType.allCases.filter(contains).map(\.rawValue).joined(separator: " or ")
    }
}

extension Ops {
    // Inlined, so that the shapes at call sites need no arrays on the heap: with small models,
    // checking would take as long as computing.

    /// The extents of a tensor of two axes, none of them empty; otherwise stops the program.
    @inline(__always)
    static func sizes2(
        _ tensor: Tensor,
        as types: ElementTypes = .float32,
        _ name: StaticString
    ) -> (Int, Int) {
        expectAxes(2, tensor, types, name)
        return (tensor.shape[0], tensor.shape[1])
    }

    /// The extents of a tensor of three axes, none of them empty; otherwise stops the program.
    @inline(__always)
    static func sizes3(
        _ tensor: Tensor,
        as types: ElementTypes = .float32,
        _ name: StaticString
    ) -> (Int, Int, Int) {
        expectAxes(3, tensor, types, name)
        return (tensor.shape[0], tensor.shape[1], tensor.shape[2])
    }

    @inline(__always)
    private static func expectAxes(
        _ axes: Int,
        _ tensor: Tensor,
        _ types: ElementTypes,
        _ name: StaticString
    ) {
        precondition(
            tensor.shape.count == axes && tensor.count > 0 && types.contains(tensor.elementType),
            "\(name): expected \(types.names) of \(axes) axes, not empty, "
                + "got \(tensor.elementType) \(tensor.shape)"
        )
    }

    /// Stops the program unless `tensor` has `shape` and one of `types`.
    @inline(__always)
    static func expect(
        _ tensor: Tensor,
        _ shape: [Int],
        as types: ElementTypes = .float32,
        _ name: StaticString
    ) {
        precondition(
            tensor.shape == shape && types.contains(tensor.elementType),
            "\(name): expected \(types.names) \(shape), got \(tensor.elementType) \(tensor.shape)"
        )
    }

    /// Keeps tensors' memory alive through a call that was given only its address.
    ///
    /// Inlined, and not variadic, because an array of them would cost small models more than their
    /// arithmetic.
    @inline(__always)
    func keepAlive(
        _ first: Tensor?,
        _ second: Tensor? = nil,
        _ third: Tensor? = nil,
        _ fourth: Tensor? = nil,
        _ fifth: Tensor? = nil,
        _ sixth: Tensor? = nil,
        _ seventh: Tensor? = nil,
        _ eighth: Tensor? = nil
    ) {
        withExtendedLifetime(first) {}
        withExtendedLifetime(second) {}
        withExtendedLifetime(third) {}
        withExtendedLifetime(fourth) {}
        withExtendedLifetime(fifth) {}
        withExtendedLifetime(sixth) {}
        withExtendedLifetime(seventh) {}
        withExtendedLifetime(eighth) {}
    }
}
