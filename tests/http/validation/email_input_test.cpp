#include "http/validation/email_input.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace cued::http;

namespace {

/// A body as a handler would get it.
struct sent {
  explicit sent(std::string_view text) {
    in.json = json::parse(text, json::depth_limit_default, json::lone_surrogates::kept).value();
  }
  request in;
};

std::string only_problem(const body_reader& body) {
  const auto bad = body.problems();
  return bad && bad->details.size() == 1 ? bad->message : "not one problem";
}

} // namespace

TEST(email_input, gives_the_normalised_address) {
  sent s{R"({"email":" Ada <Ada@B.COM> "})"};
  body_reader body{s.in};
  EXPECT_EQ(read_email(body, "email"), "Ada@b.com");
  EXPECT_FALSE(body.problems());
}

TEST(email_input, each_fault_is_one_problem) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {R"({})", "body.email: Field required"},
           {R"({"email":null})", "body.email: Input should be a valid string"},
           {R"({"email":5})", "body.email: Input should be a valid string"},
           {R"({"email":"\ud800"})",
            "body.email: Input should be a valid string, unable to parse raw data as a unicode string"},
           {R"({"email":""})", "body.email: value is not a valid email address: An email address must have an @-sign."},
           {R"({"email":"a@b"})", "body.email: value is not a valid email address: The part after the @-sign is not "
                                  "valid. It should have a period."}}) {
    sent s{text};
    body_reader body{s.in};
    EXPECT_EQ(read_email(body, "email"), "") << text;
    EXPECT_EQ(only_problem(body), message) << text;
  }
}

TEST(email_input, an_optional_address_may_be_absent_or_null_but_not_wrong) {
  for (const auto* text : {R"({})", R"({"email":null})"}) {
    sent s{text};
    body_reader body{s.in};
    EXPECT_EQ(read_optional_email(body, "email"), std::nullopt) << text;
    EXPECT_FALSE(body.problems()) << text;
  }
  sent s{R"({"email":"not an email"})"};
  body_reader body{s.in};
  EXPECT_TRUE(read_optional_email(body, "email").has_value());
  EXPECT_TRUE(body.problems());
}

TEST(email_input, a_body_that_is_no_object_is_told_once) {
  sent s{R"([1])"};
  body_reader body{s.in};
  EXPECT_EQ(read_email(body, "email"), "");
  EXPECT_EQ(body.problems()->details.size(), 1u);
}
