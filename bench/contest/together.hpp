#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "domain/error.hpp"

namespace cued::bench {

/// Calls `work(i)` for each i below `count`, each on a thread of its own, and waits for all of them. The first error
/// wins. `work` returns a result<T>; so does this, with the values in order.
template <class Work>
auto together(std::size_t count, Work work)
    -> result<std::vector<typename std::invoke_result_t<Work, std::size_t>::value_type>> {
  using outcome = std::invoke_result_t<Work, std::size_t>;
  std::vector<outcome> outcomes(count, outcome{tl::unexpect, error{}});
  {
    std::vector<std::jthread> threads;
    threads.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      threads.emplace_back([&, i] { outcomes[i] = work(i); });
  }
  std::vector<typename outcome::value_type> values;
  values.reserve(count);
  for (auto& one : outcomes) {
    if (!one)
      return fail(std::move(one.error()));
    values.push_back(std::move(*one));
  }
  return values;
}

} // namespace cued::bench
