#include <array>

#include "security/redaction.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: text that is about to be logged; secrets are put into it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cued::fuzz::require;
  using cued::fuzz::require_equal;
  using cued::security::redacted;
  constexpr std::array<std::string_view, 4> secrets{
      "cue_sk_0123456789abcdef0123456789abcdef", "whsec_fedcba9876543210fedcba9876543210",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "gAAAAABlZ0Zz9876543210zyxwvutsrqponmlkjihg=="};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto masked = redacted(text);
  require(masked.size() <= text.size(), "masking makes nothing longer");
  require_equal(redacted(masked), masked, "what is masked stays as it is");
  for (const auto secret : secrets) {
    const auto tail = secret.substr(secret.size() / 2);
    const auto planted =
        std::string{text.substr(0, size / 2)} + std::string{secret} + std::string{text.substr(size / 2)};
    if (text.find(tail) == std::string_view::npos)
      require(redacted(planted).find(tail) == std::string::npos, "no secret survives, whatever stands around it");
  }
  return 0;
}
