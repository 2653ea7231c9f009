#include "security/api_key.hpp"

#include "security/digest.hpp"

namespace cued::security {

std::string api_key_hash(std::string_view key) { return sha256_hex(key); }

std::string api_key_display(std::string_view key) {
  constexpr std::size_t shown_characters = 12;
  return std::string(key.substr(0, shown_characters));
}

} // namespace cued::security
