#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What all fuzz targets share. A target is one function: it takes bytes, calls a parser and says with require() what
/// must be true whatever the bytes were. Inputs are lines of text where that is possible, so that people can read and
/// write them. One thread; no state between two inputs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cued::fuzz {

/// Ends the process with a message where a property does not hold; the fuzzer keeps the input.
inline void require(bool holds, const char* property) {
  if (holds)
    return;
  std::fprintf(stderr, "PROPERTY BROKEN: %s\n", property);
  std::abort();
}

/// The same, with what was found instead.
inline void require_equal(std::string_view found, std::string_view wanted, const char* property) {
  if (found == wanted)
    return;
  std::fprintf(stderr, "  found:  %.*s\n  wanted: %.*s\n", static_cast<int>(found.size()), found.data(),
               static_cast<int>(wanted.size()), wanted.data());
  require(false, property);
}

/// One input, taken apart from the front.
class input {
public:
  input(const std::uint8_t* data, std::size_t size) : rest_{reinterpret_cast<const char*>(data), size} {}

  /// Up to the next line feed, which is dropped; all that is left where there is none.
  std::string_view line() {
    const auto end = rest_.find('\n');
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return taken;
  }

  /// A line with a decimal number; 0 where it is none.
  std::int64_t number() {
    const auto text = line();
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
};

} // namespace cued::fuzz
