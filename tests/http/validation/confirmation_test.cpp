#include "http/validation/confirmation.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace cued::http;

TEST(confirmation, takes_exactly_true) {
  request in;
  in.headers.emplace_back("x-confirm-destructive", "true");
  EXPECT_TRUE(require_confirmation(in));
}

TEST(confirmation, anything_else_is_asked_again) {
  for (const auto* value : {"TRUE", "True", "1", "", "true "}) {
    request in;
    in.headers.emplace_back("X-Confirm-Destructive", value);
    const auto refused = require_confirmation(in);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_EQ(refused.error().code, "confirmation_required");
  }
  EXPECT_FALSE(require_confirmation(request{}));
}
