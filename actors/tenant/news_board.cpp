#include "actors/tenant/news_board.hpp"

#include <algorithm>
#include <utility>

namespace cued::actors {

void news_board::listen(std::optional<std::uint64_t> seen, clock::time_point until, reply<std::uint64_t> answer) {
  if (!seen)
    return answer(number_);
  listeners_.push_back({*seen, until, std::move(answer)});
}

void news_board::tell(clock::time_point now) {
  const bool may_tell = now >= next_telling_;
  bool told = false;
  std::erase_if(listeners_, [&](const listener& one) {
    const bool has_news = may_tell && one.seen != number_;
    if (!has_news && one.until > now)
      return false;
    told = told || has_news;
    one.answer(number_);
    return true;
  });
  if (told)
    next_telling_ = now + pause;
}

void news_board::close() {
  for (const auto& one : std::exchange(listeners_, {}))
    one.answer(number_);
}

news_board::clock::time_point news_board::due() const {
  auto soonest = clock::time_point::max();
  for (const auto& one : listeners_)
    soonest = std::min({soonest, one.until, one.seen != number_ ? next_telling_ : soonest});
  return soonest;
}

} // namespace cued::actors
