#include "http/client/connection_pool.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace cued::http::client {
namespace {

using namespace std::chrono_literals;
using tcp = boost::asio::ip::tcp;

/// Connections between a pool and this test, in a time that passes when the test says so.
class connection_pool_test : public testing::Test {
  boost::asio::io_context io_; // outlives the connections that `pool` keeps

protected:
  struct pair {
    std::unique_ptr<webhook_connection> ours;
    tcp::socket theirs;
  };

  pair connect() {
    pair out{std::make_unique<webhook_connection>(io_.get_executor(), now), tcp::socket{io_}};
    out.ours->tcp().connect(acceptor_.local_endpoint());
    acceptor_.accept(out.theirs);
    return out;
  }

  /// The peer's end of a connection that is kept now.
  tcp::socket keep(const connection_target& target) {
    auto made = connect();
    pool.give_back(target, std::move(made.ours), now);
    return std::move(made.theirs);
  }

  /// Waits until something has arrived at our end.
  static void wait_for_news(webhook_connection& ours) { ours.tcp().socket().wait(tcp::socket::wait_read); }

  static connection_target target(const std::string& host = "hook.example") {
    return {"https", host, 443, "ann", boost::asio::ip::make_address("203.0.113.5")};
  }

  connection_pool::limits limits{2, 3, 4s, 60s};
  connection_pool pool{limits};
  connection_pool::time_point now{1h};

private:
  tcp::acceptor acceptor_{io_, tcp::endpoint{boost::asio::ip::make_address("127.0.0.1"), 0}};
};

TEST_F(connection_pool_test, a_kept_connection_is_given_once) {
  const auto peer = keep(target());
  EXPECT_NE(pool.take(target(), now), nullptr);
  EXPECT_EQ(pool.take(target(), now), nullptr);
}

TEST_F(connection_pool_test, what_differs_in_scheme_name_port_tenant_or_address_is_another_target) {
  const auto peer = keep(target());
  for (const auto& change : std::vector<std::function<void(connection_target&)>>{
           [](auto& t) { t.scheme = "http"; }, [](auto& t) { t.host = "hook2.example"; }, [](auto& t) { t.port = 80; },
           [](auto& t) { t.tenant = "bob"; }, [](auto& t) { t.tenant = ""; },
           [](auto& t) { t.address = boost::asio::ip::make_address("203.0.113.6"); }}) {
    auto other = target();
    change(other);
    EXPECT_EQ(pool.take(other, now), nullptr);
  }
  EXPECT_NE(pool.take(target(), now), nullptr);
}

TEST_F(connection_pool_test, the_one_used_last_is_given_first) {
  auto first = connect(), second = connect();
  const auto* newest = second.ours.get();
  pool.give_back(target(), std::move(first.ours), now);
  pool.give_back(target(), std::move(second.ours), now);
  EXPECT_EQ(pool.take(target(), now).get(), newest);
}

TEST_F(connection_pool_test, after_its_idle_time_a_connection_is_not_given) {
  const auto peer = keep(target());
  EXPECT_EQ(pool.take(target(), now + limits.idle_for), nullptr);
  EXPECT_EQ(pool.idle(), 0u);
}

TEST_F(connection_pool_test, a_sweep_closes_what_has_been_idle_too_long_and_no_more) {
  const auto old = keep(target("old.example"));
  now += limits.idle_for - 1ms;
  const auto young = keep(target("young.example"));
  pool.sweep(now + 1ms);
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_NE(pool.take(target("young.example"), now), nullptr);
}

TEST_F(connection_pool_test, a_connection_does_not_grow_older_than_its_limit_however_busy_it_is) {
  auto made = connect();
  const auto opened_at = now;
  for (; now - opened_at < limits.age_at_most; now += 1s) {
    pool.give_back(target(), std::move(made.ours), now);
    made.ours = pool.take(target(), now);
    ASSERT_NE(made.ours, nullptr);
  }
  pool.give_back(target(), std::move(made.ours), now);
  EXPECT_EQ(pool.take(target(), now), nullptr);
}

TEST_F(connection_pool_test, one_that_its_peer_has_left_is_not_given) {
  auto made = connect();
  made.theirs.close();
  wait_for_news(*made.ours);
  pool.give_back(target(), std::move(made.ours), now);
  EXPECT_EQ(pool.take(target(), now), nullptr);
}

TEST_F(connection_pool_test, one_whose_peer_has_spoken_unasked_is_not_given) {
  auto made = connect();
  boost::asio::write(made.theirs, boost::asio::buffer("HTTP/1.1 200 OK\r\n\r\n", 19));
  wait_for_news(*made.ours);
  pool.give_back(target(), std::move(made.ours), now);
  pool.sweep(now);
  EXPECT_EQ(pool.idle(), 0u);
}

TEST_F(connection_pool_test, a_target_has_its_cap) {
  const auto a = keep(target()), b = keep(target()), beyond = keep(target());
  EXPECT_EQ(pool.idle(), limits.idle_per_target_at_most);
}

TEST_F(connection_pool_test, beyond_the_cap_of_all_the_longest_idle_goes) {
  const auto a = keep(target("a.example")), b = keep(target("b.example")), c = keep(target("c.example")),
             d = keep(target("d.example"));
  EXPECT_EQ(pool.idle(), limits.idle_at_most);
  EXPECT_EQ(pool.take(target("a.example"), now), nullptr);
  EXPECT_NE(pool.take(target("d.example"), now), nullptr);
}

TEST_F(connection_pool_test, once_closed_it_keeps_nothing) {
  const auto before = keep(target());
  pool.close();
  EXPECT_EQ(pool.idle(), 0u);
  const auto after = keep(target());
  EXPECT_EQ(pool.idle(), 0u);
}

} // namespace
} // namespace cued::http::client
