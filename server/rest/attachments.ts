// Files beside records: where to upload, that it is done, where to download, and away with it.
import {z} from 'zod';
import {entities} from '#crdt/entities/registry.ts';
import {
  completeRequest,
  presignDownloadResponse,
  presignUploadRequest,
  presignUploadResponse,
} from '#crdt/protocol/attachments.ts';
import {recordId} from '#crdt/protocol/ids.ts';
import {recordSchema} from '#crdt/protocol/records.ts';
import {completeUpload, deleteAttachment, presignDownload, presignUpload} from '../sync/attachments.ts';
import {readRecord} from '../sync/records.ts';
import {jsonResponse, memberRoute, type RouteDeps} from './route.ts';

const oneParams = z.object({id: recordId});

export function mountAttachments(deps: RouteDeps): void {
  mountUploads(deps);
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/attachments/{id}/presign',
      summary: 'A signed URL to download an attachment.',
      params: oneParams,
      answer: presignDownloadResponse,
      errors: ['nothing_uploaded'],
    },
    async (member, {params}, {origin}) => {
      const {url, expiresAt} = await presignDownload(service, member, {id: params.id, origin});
      return {url, expiresAt: expiresAt.toISOString()};
    },
  );
  memberRoute(
    deps,
    {
      method: 'delete',
      path: '/v1/attachments/{id}',
      summary: 'Deletes the file of an attachment for good.',
      params: oneParams,
      answer: z.void(),
      status: 204,
      answerNote: 'Deleted, or deleted before.',
      description: 'For managers, and for whoever may write the record it belongs to.',
      errors: ['forbidden', 'overloaded'],
    },
    async (member, {params}) => {
      await deleteAttachment(service, member, params.id);
      return new Response(null, {status: 204});
    },
  );
}

function mountUploads(deps: RouteDeps): void {
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/attachments/presign',
      summary: 'Announces a file beside a record, and answers where to upload it.',
      body: presignUploadRequest,
      answer: presignUploadResponse,
      status: 201,
      answerNote: 'Announced.',
      description:
        'Asked again with the same `id` while the file has not arrived, it answers a new URL. The upload must be a ' +
        '`PUT` of exactly the announced type and length.',
      errors: ['not_found', 'forbidden', 'attachment_settled', 'storage_full', 'overloaded'],
    },
    async (member, {body}, {origin}) => {
      const {id, url, headers, expiresAt} = await presignUpload(service, member, {request: body, origin});
      return {id, method: 'PUT' as const, url, headers: {...headers}, expiresAt: expiresAt.toISOString()};
    },
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/attachments/complete',
      summary: 'Says that a file was uploaded.',
      body: completeRequest,
      answer: recordSchema(entities.attachments),
      description:
        'Its length, type, first bytes and, where it was announced, its digest are checked; then devices see it in the feed.',
      errors: [
        'not_found',
        'forbidden',
        'nothing_uploaded',
        'attachment_settled',
        'attachment_mismatch',
        'overloaded',
      ],
    },
    async (member, {body}) => {
      await completeUpload(service, member, body.id);
      const {text} = await readRecord(service, member, {entity: 'attachments', id: body.id});
      return jsonResponse(text);
    },
  );
}
