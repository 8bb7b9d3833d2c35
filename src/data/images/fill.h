#pragma once
// Padding modes: values of pixels beyond the border of an image.

namespace limbeck {

/// zero: byte 0, black before normalization (as in torchvision's transforms); edge: the nearest pixel of the image
/// (Keras: nearest); reflect: the image mirrored at its border pixels, which are not repeated (NumPy, PyTorch:
/// reflect).
enum class Fill { zero, edge, reflect };

}  // namespace limbeck
