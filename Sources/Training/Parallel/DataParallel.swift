// How the processes of a run share the work of a step.

import Tensors

/// What processes that train one model together leave to each other.
public struct DataParallel: Sendable, Equatable {
    /// Whether each process keeps the optimiser's moments of its share of the parameters only,
    /// updates that, and gets the rest from the others.
    ///
    /// This is stage 1 of ZeRO (Rajbhandari, Rasley, Ruwase and He, 2020).
    public var shardsOptimizer: Bool
    /// The type in which gradients travel: float32, or bfloat16, which is half as much and less
    /// exact.
    ///
    /// They are added up in float32.
    public var gradientType: ElementType

    /// Whole optimisers and float32 by default.
    public init(shardsOptimizer: Bool = false, gradientType: ElementType = .float32) {
        precondition(ElementType.floatTypes.contains(gradientType), "gradients as \(gradientType)")
        self.shardsOptimizer = shardsOptimizer
        self.gradientType = gradientType
    }
}
