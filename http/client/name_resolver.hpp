#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include "actors/reply.hpp"
#include "domain/error.hpp"

namespace cued::http::client {

using addresses = std::vector<boost::asio::ip::address>;

/// All A and AAAA records of a host, by the system's rules (hosts file included). Blocks.
/// 400 `unresolvable_host` when there are none.
[[nodiscard]] result<addresses> system_lookup(const std::string& host);

/// Makes system_lookup pass over a name server that is silent for a second; by itself, the system waits for five, and
/// name_resolver::time_limit is over before it asks the next one. Whoever set RES_OPTIONS is obeyed instead.
/// Changes the environment: once, before there are threads.
void hurry_system_lookups();

/// Looks names up without blocking the caller. The system's resolver blocks, so it runs on threads of this class.
///
/// Fair: each tenant has a lane with a cap on look-ups that run at once; lanes take turns. A name server that never
/// answers costs its tenant a place, nobody else (spec/security.md §1.3). Questions about one name that are open at
/// the same time share a look-up, and an answer is good for a few seconds more. Every question is answered within its
/// time limit, whatever the look-up does.
///
/// Owned by main; outlives all that ask. Any thread may ask. Never: judges addresses, keeps an answer longer than
/// `cached_for`, waits for a stuck look-up when it is destroyed (the thread is left to end by itself).
class name_resolver {
public:
  using lookup = std::function<result<addresses>(const std::string& host)>;

  struct options {
    std::size_t threads = 16;
    std::size_t parallel_per_tenant = 4;
    std::size_t waiting_limit = 10'000; ///< questions; beyond it: 503
    std::size_t cache_limit = 10'000;   ///< names
    std::chrono::milliseconds cached_for{5'000};
  };
  static constexpr std::chrono::milliseconds time_limit{2'000};

  name_resolver() : name_resolver{options{}} {}
  explicit name_resolver(options chosen, lookup how = system_lookup);
  ~name_resolver();
  name_resolver(const name_resolver&) = delete;
  name_resolver& operator=(const name_resolver&) = delete;

  /// `answer` is called once, on this thread or on one of the resolver's, and must only hand over.
  /// `tenant` names the lane; the empty one has no cap of its own.
  /// 400 `unresolvable_host` also when `limit` has passed; 503 when too much waits.
  void resolve(const std::string& host, const std::string& tenant, std::chrono::milliseconds limit,
               actors::reply<addresses> answer);

  /// The same for a coroutine, which is resumed on its own executor.
  [[nodiscard]] boost::asio::awaitable<result<addresses>> addresses_of(std::string host, std::string tenant,
                                                                       std::chrono::milliseconds limit = time_limit);

private:
  class desk; ///< what the threads share; outlives this object while a look-up is stuck
  std::shared_ptr<desk> desk_;
  std::thread timekeeper_;
};

} // namespace cued::http::client
