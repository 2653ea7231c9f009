#include "domain/slug.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a name of somebody or something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cued::fuzz::require;
  using cued::fuzz::require_equal;
  constexpr std::size_t derived_slug_limit = 60;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto slug = cued::slug_from(text, "user");
  require(!slug.empty() && slug.size() <= derived_slug_limit, "a slug has one to sixty characters");
  require(slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos, "in its alphabet");
  require(slug.front() != '-' && slug.find("--") == std::string::npos, "hyphens stand alone and not in front");
  require(slug.back() != '-' || slug.size() == derived_slug_limit, "a hyphen at the end is where it was cut");
  if (slug.back() != '-')
    require_equal(cued::slug_from(slug, "user"), slug, "a slug is its own slug");
  require_equal(cued::slug_from(" " + std::string{text} + "/", "user"), slug, "what stands around does not count");
  for (const std::string_view suffix : {"1a2b", "01234567"}) {
    const auto variant = cued::slug_variant(slug, suffix);
    require(variant.size() <= cued::slug_limit && variant.ends_with(suffix), "a variant fits and holds its suffix");
  }
  return 0;
}
