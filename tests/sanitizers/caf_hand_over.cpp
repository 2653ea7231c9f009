// Debian's libcaf is built without the thread sanitizer, which therefore does not see that what is taken out of a
// mailbox was put there before, that an actor goes on where it stopped, perhaps on another thread, and that whoever
// destroys something comes after all who let go of it. Each message would be a race. These functions stand before CAF's
// own (0.17.6) by being in the program; they do what those do, and tell the sanitizer what CAF promises.
// Precise on purpose: what an actor shares with others besides its messages is still found.
#include <cstdlib>

#include <caf/actor_control_block.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/memory_managed.hpp>
#include <caf/ref_counted.hpp>
#include <caf/scheduled_actor.hpp>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

template <class Function>
Function* next_of(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr)
    std::abort(); // another CAF
  return reinterpret_cast<Function*>(found);
}

/// What the actor knew when it last stood still.
void* state_of(const caf::abstract_actor* actor) { return caf::actor_control_block::from(actor); }

/// What all knew who have put something into its mailbox.
void* mailbox_of(const caf::abstract_actor* actor) {
  return reinterpret_cast<char*>(caf::actor_control_block::from(actor)) + sizeof(void*);
}

} // namespace

namespace caf {

// -- mailboxes --------------------------------------------------------------

void scheduled_actor::enqueue(mailbox_element_ptr message, execution_unit* by) {
  static auto* const next = next_of<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEEPNS_14execution_"
      "unitE");
  // As CAF's pointers to it, which differ from the message's own where it has several bases.
  __tsan_release(static_cast<memory_managed*>(message.get()));
  __tsan_release(message.get());
  __tsan_release(mailbox_of(this));
  next(this, std::move(message), by);
}

invoke_message_result scheduled_actor::consume(mailbox_element& message) {
  static auto* const next = next_of<invoke_message_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor7consumeERNS_15mailbox_elementE");
  __tsan_acquire(&message);
  const auto result = next(this, message);
  __tsan_release(state_of(this));
  return result;
}

void blocking_actor::enqueue(mailbox_element_ptr message, execution_unit* by) {
  static auto* const next = next_of<void(blocking_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEEPNS_14execution_unitE");
  __tsan_release(mailbox_of(this));
  next(this, std::move(message), by);
}

void blocking_actor::await_data() {
  static auto* const next = next_of<void(blocking_actor*)>("_ZN3caf14blocking_actor10await_dataEv");
  next(this);
  __tsan_acquire(mailbox_of(this));
}

// -- actors between threads -------------------------------------------------

/// The first thing that an actor does.
void event_based_actor::initialize() {
  static auto* const next = next_of<void(event_based_actor*)>("_ZN3caf17event_based_actor10initializeEv");
  next(this);
  __tsan_release(state_of(this));
}

resumable::resume_result scheduled_actor::resume(execution_unit* by, size_t messages_at_most) {
  static auto* const next = next_of<resume_result(scheduled_actor*, execution_unit*, size_t)>(
      "_ZN3caf15scheduled_actor6resumeEPNS_14execution_unitEm");
  __tsan_acquire(state_of(this));
  return next(this, by, messages_at_most);
}

/// How CAF destroys messages, be it that nobody took them out of a mailbox before it was closed: as late as in the
/// middle of cleanup(), after which nothing is put there any more.
void memory_managed::request_deletion(bool) const noexcept {
  __tsan_acquire(const_cast<memory_managed*>(this));
  delete this;
}

/// Destroys what is still in the mailbox.
bool scheduled_actor::cleanup(error&& why, execution_unit* by) {
  static auto* const next = next_of<bool(scheduled_actor*, error&&, execution_unit*)>(
      "_ZN3caf15scheduled_actor7cleanupEONS_5errorEPNS_14execution_unitE");
  __tsan_acquire(mailbox_of(this));
  return next(this, std::move(why), by);
}

// -- reference counts: the same again, where the sanitizer sees it ----------

void intrusive_ptr_release(actor_control_block* block) {
  if (block->strong_refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block->data_dtor(block->get());
    intrusive_ptr_release_weak(block);
  }
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  if (block->weak_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
    block->block_dtor(block);
}

void ref_counted::deref() const noexcept {
  if (rc_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    request_deletion(false);
}

} // namespace caf
