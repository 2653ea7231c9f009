#include "config/redis_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cued::config {
namespace {

using testing::HasSubstr;

TEST(redis_url, a_host_has_defaults) {
  const auto plain = read_redis_url("redis://").value();
  EXPECT_EQ(plain.host, "localhost");
  EXPECT_EQ(plain.port, 6379);
  EXPECT_EQ(plain.database, 0);
  const auto whole = read_redis_url("redis://ann:p%40ss%2F@cache.example:7000/3").value();
  EXPECT_EQ(whole.user, "ann");
  EXPECT_EQ(whole.password, "p@ss/");
  EXPECT_EQ(whole.host, "cache.example");
  EXPECT_EQ(whole.port, 7000);
  EXPECT_EQ(whole.database, 3);
  EXPECT_EQ(read_redis_url("redis://:secret@h/").value().password, "secret");
}

TEST(redis_url, a_host_may_be_an_ipv6_address) {
  const auto address = read_redis_url("redis://[::1]:7000").value();
  EXPECT_EQ(address.host, "::1");
  EXPECT_EQ(address.port, 7000);
}

TEST(redis_url, a_unix_socket_has_a_path_and_perhaps_a_database) {
  const auto address = read_redis_url("unix:///run/redis.sock?db=2").value();
  EXPECT_EQ(address.socket_path, "/run/redis.sock");
  EXPECT_EQ(address.database, 2);
  EXPECT_EQ(read_redis_url("unix:///run/redis.sock").value().database, 0);
}

TEST(redis_url, encryption_is_refused_with_a_way_out) {
  EXPECT_THAT(read_redis_url("rediss://:secret@host").error(), HasSubstr("cannot encrypt"));
}

TEST(redis_url, what_is_no_address_is_refused_without_repeating_it) {
  for (const auto* url :
       {"", "localhost:6379", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/x", "redis://[::1", "unix://",
        "unix://relative", "unix:///s?db=x", "unix:///s?other=1", "redis://a:%4@h", "redis://a:%zz@h"}) {
    const auto read = read_redis_url(url);
    ASSERT_FALSE(read) << url;
    EXPECT_THAT(read.error(), testing::Not(HasSubstr("%")));
  }
}

} // namespace
} // namespace cued::config
