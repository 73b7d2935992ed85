/* queue.c - blocks that are made on one thread and freed on another. */
#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/stage.h"

/* ---- the queue ---- */

int rh_queue_init(struct rh_queue *queue, const struct rh_synthetic_queue *description,
                  struct rh_error *error) {
    *queue = (struct rh_queue){.description = description};
    queue->bundles = rh_alloc_zeroed(description->capacity, sizeof(*queue->bundles));
    if (queue->bundles == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a queue of %u bundles",
                       description->capacity);
    return 0;
}

static struct rh_bundle *take(struct rh_queue *queue) {
    rh_assert(queue->count > 0);
    uint32_t capacity = queue->description->capacity;
    uint32_t at = queue->first;
    if (queue->description->newest_first)
        at = (queue->first + queue->count - 1) % capacity;
    else
        queue->first = (queue->first + 1) % capacity;
    queue->count--;
    struct rh_bundle *bundle = queue->bundles[at];
    queue->bundles[at] = NULL;
    return bundle;
}

static void put(struct rh_queue *queue, struct rh_bundle *bundle) {
    uint32_t capacity = queue->description->capacity;
    rh_assert(queue->count < capacity);
    queue->bundles[(queue->first + queue->count) % capacity] = bundle;
    queue->count++;
}

void rh_queue_finish(struct rh_queue *queue) {
    while (queue->count > 0)
        rh_free(take(queue));
    rh_free(queue->bundles);
    *queue = (struct rh_queue){0};
}

static int release_bundle(struct rh_actor *actor, const struct rh_synthetic_part *part,
                          struct rh_bundle *bundle, struct rh_error *error) {
    for (uint32_t i = 0; i < bundle->count; i++)
        rh_try(rh_actor_release(actor, part, &bundle->blocks[i], error));
    return rh_actor_release(actor, part, &bundle->container, error);
}

int rh_queue_drain(struct rh_stage *stage, struct rh_queue *queue, struct rh_error *error) {
    static const struct rh_synthetic_part plain = {.weight = 1};
    while (queue->count > 0) {
        struct rh_bundle *bundle = take(queue);
        int result = release_bundle(&stage->main, &plain, bundle, error);
        rh_free(bundle);
        rh_try(result);
    }
    return 0;
}

static void wait_at(struct rh_queue *queue, struct rh_actor *actor) {
    actor->next_waiting = queue->waiting;
    queue->waiting = actor;
}

/* ---- who makes ---- */

struct producer {
    struct rh_bundle *bundle; /* in the making; NULL between two */
};

static struct rh_queue *queue_of(struct rh_actor *actor, uint32_t index) {
    return &actor->stage->queues[index];
}

static int create_producer(struct rh_actor *actor, const struct rh_synthetic_part *part,
                           struct rh_error *error, void **ret_state) {
    struct producer *producer = rh_alloc_zeroed(1, sizeof(*producer));
    if (producer == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a producer");
    queue_of(actor, part->produce.queue)->producers++;
    *ret_state = producer;
    return 0;
}

static int begin_bundle(struct rh_actor *actor, const struct rh_synthetic_part *part,
                        struct producer *producer, struct rh_error *error) {
    size_t count = part->produce.count;
    struct rh_bundle *bundle = rh_alloc(sizeof(*bundle) + count * sizeof(*bundle->blocks));
    if (bundle == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a bundle of %zu blocks", count);
    bundle->count = 0;
    bundle->container = rh_no_block;
    producer->bundle = bundle;
    if (part->produce.container_bytes == 0)
        return 0;
    return rh_actor_acquire_sized(actor, part, part->produce.container_bytes, error,
                                  &bundle->container);
}

static bool is_full(const struct rh_queue *queue) {
    return queue->count == queue->description->capacity;
}

static int pass_on(struct rh_actor *actor, struct rh_queue *queue, struct producer *producer,
                   struct rh_error *error) {
    put(queue, producer->bundle);
    producer->bundle = NULL;
    return rh_stage_wake(actor->stage, queue, error);
}

static int produce(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                   struct rh_error *error) {
    struct producer *producer = state;
    struct rh_queue *queue = queue_of(actor, part->produce.queue);
    if (producer->bundle == NULL)
        rh_try(begin_bundle(actor, part, producer, error));
    struct rh_bundle *bundle = producer->bundle;
    if (bundle->count < part->produce.count) {
        rh_try(rh_actor_acquire(actor, part, error, &bundle->blocks[bundle->count]));
        bundle->count++;
    } else if (is_full(queue)) {
        wait_at(queue, actor);
        return RH_STEP_WAITS;
    }
    if (bundle->count == part->produce.count && !is_full(queue))
        rh_try(pass_on(actor, queue, producer, error));
    return RH_STEP_GOES_ON;
}

/* What is not complete goes on too, if there is room. */
static int end_producer(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                        struct rh_error *error) {
    struct producer *producer = state;
    struct rh_queue *queue = queue_of(actor, part->produce.queue);
    rh_assert(queue->producers > 0);
    queue->producers--;
    struct rh_bundle *bundle = producer->bundle;
    if (bundle != NULL && !is_full(queue))
        return pass_on(actor, queue, producer, error);
    if (bundle != NULL)
        rh_try(release_bundle(actor, part, bundle, error));
    return queue->producers == 0 ? rh_stage_wake(actor->stage, queue, error) : 0;
}

static void destroy_producer(void *state) {
    struct producer *producer = state;
    if (producer != NULL)
        rh_free(producer->bundle);
    rh_free(producer);
}

const struct rh_behaviour rh_behaviour_produce = {create_producer, produce, end_producer,
                                                  destroy_producer};

/* ---- who frees ---- */

struct consumer {
    struct rh_bundle *bundle; /* being freed; NULL between two */
    uint32_t next;
};

static int create_consumer(struct rh_actor *actor, const struct rh_synthetic_part *part,
                           struct rh_error *error, void **ret_state) {
    (void)actor;
    (void)part;
    *ret_state = rh_alloc_zeroed(1, sizeof(struct consumer));
    if (*ret_state == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a consumer");
    return 0;
}

static int begin_freeing(struct rh_actor *actor, const struct rh_synthetic_part *part,
                         struct rh_queue *queue, struct consumer *consumer,
                         struct rh_error *error) {
    if (queue->count == 0 && queue->producers == 0)
        return RH_STEP_DONE;
    if (queue->count == 0) {
        wait_at(queue, actor);
        return RH_STEP_WAITS;
    }
    consumer->bundle = take(queue);
    consumer->next = 0;
    rh_actor_order(actor, consumer->bundle->blocks, consumer->bundle->count, part->consume.order);
    rh_try(rh_stage_wake(actor->stage, queue, error));
    return RH_STEP_GOES_ON;
}

static int consume(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                   struct rh_error *error) {
    struct consumer *consumer = state;
    struct rh_queue *queue = queue_of(actor, part->consume.queue);
    if (consumer->bundle == NULL) {
        int result = begin_freeing(actor, part, queue, consumer, error);
        if (result != RH_STEP_GOES_ON)
            return result;
    }
    struct rh_bundle *bundle = consumer->bundle;
    if (consumer->next < bundle->count)
        rh_try(rh_actor_release(actor, part, &bundle->blocks[consumer->next++], error));
    if (consumer->next < bundle->count)
        return RH_STEP_GOES_ON;
    rh_try(rh_actor_release(actor, part, &bundle->container, error));
    rh_free(bundle);
    consumer->bundle = NULL;
    return RH_STEP_GOES_ON;
}

static int end_consumer(struct rh_actor *actor, const struct rh_synthetic_part *part, void *state,
                        struct rh_error *error) {
    struct consumer *consumer = state;
    return consumer->bundle != NULL ? release_bundle(actor, part, consumer->bundle, error) : 0;
}

static void destroy_consumer(void *state) {
    struct consumer *consumer = state;
    if (consumer != NULL)
        rh_free(consumer->bundle);
    rh_free(consumer);
}

const struct rh_behaviour rh_behaviour_consume = {create_consumer, consume, end_consumer,
                                                  destroy_consumer};
