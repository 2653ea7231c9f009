#include "http/client/webhook_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace cued::http::client {

namespace asio = boost::asio;

namespace {

/// How often kept connections are looked at: one may be kept for this much longer than its limit, unused.
constexpr std::chrono::seconds sweep_every{1};

actors::webhook_response not_sent(actors::webhook_response::failure what, std::string why) {
  actors::webhook_response answer;
  answer.what = what;
  answer.detail = std::move(why);
  return answer;
}

actors::webhook_response shutting_down() {
  return not_sent(actors::webhook_response::failure::cut_off, "The server is shutting down");
}

/// An exception in an exchange is a fault of ours or of memory; the delivery must still come to an end.
actors::webhook_response explain(const std::exception_ptr& thrown) {
  actors::webhook_response answer;
  answer.what = actors::webhook_response::failure::protocol_error;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    answer.detail = e.what();
  } catch (...) {
    answer.detail = "unknown exception";
  }
  spdlog::error("webhook exchange failed: {}", answer.detail);
  return answer;
}

} // namespace

webhook_client::webhook_client(options chosen, security::url_policy policy, asio::ssl::context tls,
                               name_resolver& names, const time_source& clock)
    : options_{std::move(chosen)}, policy_{std::move(policy)}, tls_{std::move(tls)},
      surroundings_{tls_, names, policy_, clock, options_.proxy ? &*options_.proxy : nullptr, proxy_log_} {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    auto& added = *loops_.emplace_back(std::make_unique<loop>(options_.kept_connections));
    added.thread = std::thread{[&added] { added.io.run(); }};
  }
}

webhook_client::~webhook_client() { close(); }

void webhook_client::close() {
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(closing_, true))
      return;
    for (auto& next : waiting_)
      asio::post(loops_.front()->io, [done = std::move(next.done)] { done(shutting_down()); });
    waiting_.clear();
    for (const auto& [key, exchange] : under_way_)
      if (const auto alive = exchange.lock())
        asio::post(alive->executor(), [alive] { alive->abort(); });
  }
  for (auto& each : loops_) {
    asio::post(each->io, [&one = *each] {
      one.kept.close();
      one.sweep_time.cancel();
    });
    each->work.reset();
  }
  for (auto& each : loops_)
    each->thread.join();
}

void webhook_client::send(actors::webhook_request request, done_function done) {
  job next{std::move(request), std::move(done)};
  bool closed = false, full = false;
  {
    const std::lock_guard lock{mutex_};
    closed = closing_;
    full = places_taken_ >= options_.concurrency;
    if (!closed && full && waiting_.size() < options_.waiting_limit)
      return waiting_.push_back(std::move(next));
    if (!closed && !full)
      ++places_taken_;
  }
  if (closed)
    return next.done(shutting_down());
  if (!full)
    return start(std::move(next));
  asio::post(loops_.front()->io, [done = std::move(next.done)] {
    done(not_sent(actors::webhook_response::failure::could_not_connect, "Too many webhooks wait to be sent"));
  });
}

void webhook_client::start(job next) {
  auto& where = *loops_[next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
  auto exchange =
      std::make_shared<webhook_exchange>(where.io.get_executor(), surroundings_, where.kept, std::move(next.request));
  {
    const std::lock_guard lock{mutex_};
    under_way_.emplace(exchange.get(), exchange);
  }
  asio::co_spawn(exchange->executor(), exchange->run(),
                 [this, &where, exchange, done = std::move(next.done)](const std::exception_ptr& thrown,
                                                                       actors::webhook_response answer) {
                   finish(where, exchange.get(), done, thrown ? explain(thrown) : std::move(answer));
                 });
}

void webhook_client::finish(loop& where, const webhook_exchange* ended, const done_function& done,
                            actors::webhook_response answer) {
  if (!where.sweeping && where.kept.idle() > 0)
    sweep_later(where);
  std::optional<job> next;
  {
    const std::lock_guard lock{mutex_};
    under_way_.erase(ended);
    if (waiting_.empty())
      --places_taken_;
    else {
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (next)
    start(std::move(*next));
  done(std::move(answer));
}

void webhook_client::sweep_later(loop& where) {
  where.sweeping = true;
  where.sweep_time.expires_after(sweep_every);
  where.sweep_time.async_wait([this, &where](const boost::system::error_code& cancelled) {
    where.sweeping = false;
    if (cancelled)
      return;
    where.kept.sweep(std::chrono::steady_clock::now());
    if (where.kept.idle() > 0)
      sweep_later(where);
  });
}

std::size_t webhook_client::under_way() const {
  const std::lock_guard lock{mutex_};
  return under_way_.size();
}

std::size_t webhook_client::waiting() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

} // namespace cued::http::client
