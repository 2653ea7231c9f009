#include "security/standard_webhooks.hpp"

#include <gtest/gtest.h>

#include "security/signature.hpp"
#include "security/signature_headers.hpp"

namespace cued::security {
namespace {

const std::string first = "whsec_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string second = "whsec_fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

std::string header(const std::vector<std::pair<std::string, std::string>>& all, std::string_view name) {
  for (const auto& [key, value] : all)
    if (key == name)
      return value;
  return "(none)";
}

/// The example of the published specification.
TEST(standard_webhooks, agrees_with_the_published_example) {
  EXPECT_EQ(standard_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                               R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/// Made with the Python library of the standard.
TEST(standard_webhooks, our_secrets_sign_as_they_are_shown_with_and_without_prefix) {
  for (const auto& secret : {first, first.substr(6)})
    EXPECT_EQ(standard_signature(secret, "msg_1", "1767323045", "{}"),
              "v1,43Wmmg8A7j+zKelYWwuv795YVMy3T65wxSy57L+4lAE=");
  EXPECT_EQ(standard_signature(second, "msg_1", "1767323045", "{}"), "v1,xM0nCS3756kjXoEZ1V4BJ3i1h3/JvzsoHLB5QuFJAI4=");
}

TEST(standard_webhooks, both_digits_that_urls_spell_otherwise_and_padding_are_understood) {
  const auto padded = standard_signature("whsec_+/8=", "m", "1767323045", "b");
  EXPECT_EQ(padded, "v1,SqeJlTzL5+NwUQY1hEQmybTr6lU67+CNI41p38cHDhM=");
  EXPECT_EQ(standard_signature("whsec_+/8", "m", "1767323045", "b"), padded);
}

TEST(standard_webhooks, what_is_no_base64_signs_nothing) {
  for (const std::string_view secret : {"", "whsec_", "whsec_a b", "whsec_secret!", "whsec_abcde", "whsec_ab="})
    EXPECT_FALSE(standard_signature(secret, "m", "1", "b")) << secret;
}

TEST(signature_headers, both_forms_are_over_one_instant_and_one_body) {
  const auto all = signature_headers({first}, {"msg_1", 1767323045, "{}"});
  EXPECT_EQ(header(all, "X-CueAPI-Signature"), sign(first, 1767323045, "{}").value);
  EXPECT_EQ(header(all, "X-CueAPI-Timestamp"), "1767323045");
  EXPECT_EQ(header(all, "webhook-id"), "msg_1");
  EXPECT_EQ(header(all, "webhook-timestamp"), "1767323045");
  EXPECT_EQ(header(all, "webhook-signature"), "v1,43Wmmg8A7j+zKelYWwuv795YVMy3T65wxSy57L+4lAE=");
  EXPECT_EQ(all.size(), 5u) << "no trace of a previous secret";
}

TEST(signature_headers, in_an_overlap_both_secrets_sign_the_new_one_first) {
  const auto all = signature_headers({first, second}, {"msg_1", 1767323045, "{}"});
  EXPECT_EQ(header(all, "X-CueAPI-Signature"), sign(first, 1767323045, "{}").value);
  EXPECT_EQ(header(all, "X-CueAPI-Signature-Previous"), sign(second, 1767323045, "{}").value);
  EXPECT_EQ(header(all, "webhook-signature"), "v1,43Wmmg8A7j+zKelYWwuv795YVMy3T65wxSy57L+4lAE= "
                                              "v1,xM0nCS3756kjXoEZ1V4BJ3i1h3/JvzsoHLB5QuFJAI4=");
}

TEST(signature_headers, a_secret_that_is_no_base64_signs_in_the_first_form_only) {
  for (const std::string_view secret : {"", "not base64"}) {
    const auto all = signature_headers({secret}, {"msg_1", 1767323045, "{}"});
    EXPECT_EQ(header(all, "X-CueAPI-Signature"), sign(secret, 1767323045, "{}").value);
    EXPECT_EQ(all.size(), 2u);
  }
}

} // namespace
} // namespace cued::security
