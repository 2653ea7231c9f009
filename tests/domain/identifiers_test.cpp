#include "domain/identifiers.hpp"

#include <gtest/gtest.h>

namespace cued {
namespace {

constexpr std::string_view canonical = "123e4567-e89b-12d3-a456-426614174000";

TEST(identifiers, every_spelling_of_a_uuid_has_one_canonical_form) {
  for (const std::string_view text :
       {"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000",
        "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}",
        "urn:uuid:123e4567-e89b-12d3-a456-426614174000", "URN:UUID:123E4567-E89B-12D3-A456-426614174000"})
    EXPECT_EQ(canonical_uuid(text), canonical) << text;
}

TEST(identifiers, what_is_no_uuid_is_refused) {
  for (const std::string_view text :
       {"", "{}", "urn:uuid:", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567e89b12d3a45642661417400g", "123e4567_e89b_12d3_a456_426614174000",
        "123e4567e-89b-12d3-a456-426614174000", "{123e4567e89b12d3a456426614174000}",
        "urn:uuid:123e4567e89b12d3a456426614174000", " 123e4567-e89b-12d3-a456-426614174000",
        "{123e4567-e89b-12d3-a456-426614174000", "------------------------------------"})
    EXPECT_EQ(canonical_uuid(text), std::nullopt) << text;
}

} // namespace
} // namespace cued
