#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/client/tls_context.hpp"
#include "http/client/webhook_client.hpp"

/// A webhook_client with a name table of the test's own in place of DNS.
namespace cued::http::client {

using namespace std::chrono_literals;
using failure = actors::webhook_response::failure;

inline constexpr instant sending_time{std::chrono::microseconds{1'700'000'000'123'456}};

class stopped_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override { return sending_time; }
};

/// Names under `.example` lead to what the test says, numeric ones to themselves.
struct name_table {
  std::map<std::string, std::vector<std::string>> names;
  std::atomic<int> look_ups = 0;
  std::promise<void> test_is_over; ///< until then `stuck.example` is being looked up

  result<addresses> operator()(const std::string& host) {
    ++look_ups;
    if (host == "stuck.example")
      test_is_over.get_future().wait();
    addresses found;
    for (const auto& text : names[host])
      found.push_back(boost::asio::ip::make_address(text));
    if (found.empty())
      return fail(400, "unresolvable_host", "Cannot resolve hostname: " + host);
    return found;
  }
};

/// Members are set before the first send(), which makes the client.
class webhook_client_test : public testing::Test {
protected:
  webhook_client& client() {
    if (!client_)
      client_ = std::make_unique<webhook_client>(options, policy, make_tls_context({authority_file, ""}).value(),
                                                 resolver_, clock_);
    return *client_;
  }

  std::future<actors::webhook_response> start(const std::string& url, std::string body = "{}",
                                              std::chrono::milliseconds deadline = 60s) {
    actors::webhook_request request{"POST", url, {{"Content-Type", "application/json"}}, std::move(body), deadline};
    auto promise = std::make_shared<std::promise<actors::webhook_response>>();
    auto answer = promise->get_future();
    client().send(std::move(request),
                  [promise](actors::webhook_response answered) { promise->set_value(std::move(answered)); });
    return answer;
  }

  actors::webhook_response send(const std::string& url, std::string body = "{}",
                                std::chrono::milliseconds deadline = 60s) {
    return start(url, std::move(body), deadline).get();
  }

  webhook_client::options options;
  security::url_policy policy{.plain_http = true, .allow_loopback = true, .allow_networks = {}};
  std::string authority_file;
  std::shared_ptr<name_table> names = std::make_shared<name_table>();

  void destroy_client() { client_.reset(); }

private:
  static name_resolver::options forgetful() {
    name_resolver::options chosen;
    chosen.cached_for = 0ms;
    return chosen;
  }
  stopped_clock clock_;
  name_resolver resolver_{forgetful(), [table = names](const std::string& host) { return (*table)(host); }};
  std::unique_ptr<webhook_client> client_;
};

} // namespace cued::http::client
