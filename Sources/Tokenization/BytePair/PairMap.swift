// A hash table keyed by two adjacent tokens: the ranks of merges, and the pairs a trainer counts.

/// A map from pairs of tokens to 32-bit numbers, the largest of which means none.
///
/// Linear probing, at most half full; pairs are never removed.
struct PairMap: Sendable {
    /// The value of a pair that is not in the map.
    static let none = UInt32.max

    private var slots: [Slot]
    private var count = 0

    private struct Slot: Sendable {
        var left, right: TokenID
        var value: UInt32
    }

    /// Starts empty, with room for `minimumCapacity` pairs.
    init(minimumCapacity: Int = 0) {
        slots = Self.emptySlots(for: minimumCapacity)
    }

    /// The value of a pair, or ``none``.
    @inline(__always)
    subscript(left: TokenID, right: TokenID) -> UInt32 {
        // An empty slot holds `none`.
        slots[slotIndex(left, right)].value
    }

    /// Gives a pair that has no value the one returned by `value`, and returns the pair's value.
    @inline(__always)
    mutating func insert(
        _ left: TokenID,
        _ right: TokenID,
        ifNone value: () -> UInt32
    ) -> UInt32 {
        let index = slotIndex(left, right)
        if slots[index].value != Self.none { return slots[index].value }
        let value = value()
        slots[index] = Slot(left: left, right: right, value: value)
        count += 1
        if 2 * count > slots.count { grow() }
        return value
    }

    /// The slot that holds the pair, or the empty one where it belongs.
    @inline(__always)
    private func slotIndex(_ left: TokenID, _ right: TokenID) -> Int {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        // Fibonacci hashing: the high bits of the product depend on all bits of the key.
        let hash = key &* 0x9E37_79B9_7F4A_7C15
        var index = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
        while slots[index].value != Self.none,
            slots[index].left != left || slots[index].right != right
        {
            index = (index + 1) & (slots.count - 1)
        }
        return index
    }

    private mutating func grow() {
        let old = slots
        slots = Self.emptySlots(for: old.count)
        for slot in old where slot.value != Self.none {
            slots[slotIndex(slot.left, slot.right)] = slot
        }
    }

    /// Slots for `count` pairs, half of them or more empty, a power of two.
    private static func emptySlots(for count: Int) -> [Slot] {
        var capacity = 16
        while capacity < 2 * count { capacity *= 2 }
        return Array(repeating: Slot(left: 0, right: 0, value: none), count: capacity)
    }
}
