#include <gmock/gmock.h>

#include "http/server/router.hpp"

using namespace cued::http;
using boost::beast::http::verb;
using testing::ElementsAre;

namespace {

boost::asio::awaitable<cued::result<response>> nothing(services&, request&) { co_return no_content(); }

constexpr route routes[] = {
    {verb::get, "/v1/things", auth::none, body::none, nothing, ""},
    {verb::get, "/v1/things/all", auth::none, body::none, nothing, ""},
    {verb::delete_, "/v1/things/{id...}", auth::none, body::none, nothing, ""},
};

class router_tail : public testing::Test {
protected:
  router router_{routes};
};

} // namespace

TEST_F(router_tail, takes_all_that_is_left_slashes_included) {
  EXPECT_THAT(router_.find(verb::delete_, "/v1/things/a").params, ElementsAre("a"));
  EXPECT_THAT(router_.find(verb::delete_, "/v1/things/a/b/c").params, ElementsAre("a/b/c"));
}

TEST_F(router_tail, must_not_be_empty_nor_end_in_a_slash) {
  EXPECT_EQ(router_.find(verb::delete_, "/v1/things/").what, router::verdict::trailing_slash);
  EXPECT_EQ(router_.find(verb::delete_, "/v1/things/a/").what, router::verdict::trailing_slash);
}

TEST_F(router_tail, comes_after_literal_segments_but_knows_other_methods) {
  EXPECT_EQ(router_.find(verb::get, "/v1/things/all").to, &routes[1]);
  EXPECT_THAT(router_.find(verb::delete_, "/v1/things/all").params, ElementsAre("all"));
  const auto wrong = router_.find(verb::get, "/v1/things/a/b");
  EXPECT_EQ(wrong.what, router::verdict::wrong_method);
  EXPECT_EQ(wrong.allow, "DELETE");
}
